"""What the nodes of a cluster answer, and whether it is to be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmspell.errors import SetupError
from llmspell.validate.executor import unchecked
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell
from llmspell.validate.travel import read_result
from llmspell.validate.versions import difference
from llmspell_workers.wire import Violation, unpack


def answered(spell: Spell, answer: object) -> Result:
    """The result that an answer holds. Raises Violation, and SetupError for a node of other versions."""
    made = unpack(answer) if type(answer) is bytes else None
    if type(made) is not dict or set(made) != {"versions", "result", "fault", "node"}:
        raise Violation("it is no answer")
    told, result, where, why = made["versions"], made["result"], made["node"], made["fault"]
    if type(told) is not dict or type(where) is not str:
        raise Violation("it does not say whose it is")
    check_versions(where[:100], told)
    if type(why) is str:
        return unchecked(spell, f"node {where:.100} of the cluster failed: {why}")
    if type(result) is not bytes:
        raise Violation("it holds no result")
    read = read_result(result, spell)
    if read.status is not Status.UNCHECKED:
        return read
    found = (finding._replace(message=f"{finding.message} (on node {where:.100})") for finding in read.findings)
    return read._replace(findings=tuple(found))


def check_versions(node: str, found: object) -> None:
    """Raises SetupError, which names the node, unless its versions are ours."""
    if isinstance(found, BaseException):
        raise SetupError(f"node {node} of the cluster is refused: {type(found).__name__}: {found!s:.300}")
    differs = difference(found) if isinstance(found, dict) else "no versions"
    if differs is not None:
        raise SetupError(f"node {node} of the cluster is refused: it has {differs:.500}")


def asked(ask: Callable[[], Any], failed: str = "the Dask scheduler does not answer any more") -> Any:
    """What the cluster answers; raises SetupError where it does not, whatever Dask raises then."""
    try:
        return ask()
    except SetupError:
        raise
    except Exception as error:  # noqa: BLE001 - Dask's boundary: any of its errors means that there is no answer
        reason = str(error).partition("\n")[0][:300] or type(error).__name__
        raise SetupError(f"{failed}: {reason}") from None
