"""Groups of commands that answer a mistyped name with the nearest one."""

from __future__ import annotations

import click


class NamedCommands(click.Group):
    """A group that says which command was likely meant."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words name; a usage error with the nearest one if there is none."""
        if context.resilient_parsing:  # a shell asks, and wants no errors
            from llmspell.cli.completion import let_complete

            name, command, rest = super().resolve_command(context, args)
            if command is not None:
                let_complete(command)
            return name, command, rest
        known = self.list_commands(context)
        if args and args[0] not in known:
            from llmspell.errors import nearest

            close = nearest(args[0], known)
            hint = f"did you mean {close}?" if close else f"known are: {', '.join(known)}"
            if args[0] == "help":
                of = f" {args[1]}" if args[1:2] and args[1] in known else ""
                hint = f"try {context.command_path}{of} --help"
            context.fail(f"there is no command {args[0][:60]!r}; {hint}")
        return super().resolve_command(context, args)
