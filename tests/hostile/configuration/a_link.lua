-- title: a project's file that is a link to the user's own, trusted one
-- threat: T-CONF-2
-- verdict: usage
-- command: run
-- passes: command
-- place: link llmspell.toml home/.config/llmspell/config.toml
-- says: symbolic link
-- never: it-did-run
print("it-did-run")
