"""YAML 1.1 by PyYAML, narrowed to what JSON can say.

Refused are aliases (a few lines of them can stand for billions of values), tags, keys that are no text or stand twice.
Dates stay text. As in all of YAML 1.1, `no` is false and `1:30` is 90: write quotes.
"""

from __future__ import annotations

from typing import Any

import yaml

from llmspell.utils.documents import DocumentError

_KINDS = ("null", "bool", "int", "float", "str", "seq", "map")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with less in it."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in _KINDS]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in _KINDS
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _refused("an alias", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _refused(f"a key that is no text ({str(key)[:40]})", key_node.start_mark)
            if key in made:
                raise _refused(f"the key {key[:100]!r} twice", key_node.start_mark)
            made[key] = self.construct_object(value_node, deep=deep)
        return made


def read_yaml(text: str) -> Any:
    """The value of the one document in `text`; raises DocumentError with the line.

    >>> read_yaml("agent: {name: critic, since: 2026-01-01}")
    {'agent': {'name': 'critic', 'since': '2026-01-01'}}
    >>> read_yaml("a: &x [1]\\nb: *x")
    Traceback (most recent call last):
    llmspell.utils.documents.DocumentError: is no YAML that can be read: it has an alias (line 2, column 4)
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise DocumentError(f"is no YAML: {error.problem or error.context}", line=line, column=column) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"is no YAML: {' '.join(str(error).split())[:200]}") from None
    except RecursionError:
        raise DocumentError("is no YAML that can be read: it is nested too deeply") from None
    except (ValueError, OverflowError) as error:  # digits that are no number, like 0o9 or 1e1:5
        raise DocumentError(f"is no YAML that can be read: {str(error)[:100]}") from None


def write_yaml(value: Any) -> str:
    """A plain value as a YAML document; `documents.write_document` checks that it is plain.

    >>> write_yaml({"answer": "no"})
    "answer: 'no'\\n"
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper that never writes an alias, which would not be read back."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Text with rare line ends in double quotes: in any other style PyYAML 6.0 reads them back as spaces."""
    style = '"' if any(char in text for char in "\r\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _refused(what: str, mark: yaml.Mark | None) -> DocumentError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return DocumentError(f"is no YAML that can be read: it has {what}", line=line, column=column)
