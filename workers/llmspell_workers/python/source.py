"""A script's source: compiled, so that its last expression is its value, and `await` may stand at the top.

Theory of operation. Where the last statement is an expression, it is compiled by itself and evaluated after the rest.
The tree that this takes is many times the size of its source: a large source is compiled without it, and has no value.
"""

from __future__ import annotations

import _ast
import builtins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

LARGEST_WITH_VALUE = 256 * 1024
"""Bytes of a source whose last expression is its value."""
_TOP_LEVEL_AWAIT = 0x2000
"""PyCF_ALLOW_TOP_LEVEL_AWAIT (compile.h)."""
_ONLY_TREE = 0x400
"""PyCF_ONLY_AST (compile.h)."""
_MAY_GO_ON = 0x4000
"""PyCF_ALLOW_INCOMPLETE_INPUT (compile.h): an error at the end of the source is told as `incomplete input`."""
IS_COROUTINE = 0x80
"""CO_COROUTINE (code.h)."""


def compile_script(source: bytes, name: str) -> tuple[CodeType | None, CodeType | None]:
    """The statements, and the expression at their end. Raises SyntaxError and what else `compile` does."""
    if len(source) > LARGEST_WITH_VALUE:
        return _compile(source, name, "exec"), None
    tree = builtins.compile(source, name, "exec", flags=_TOP_LEVEL_AWAIT | _ONLY_TREE, dont_inherit=True)
    assert isinstance(tree, _ast.Module)
    if not tree.body or not isinstance(tree.body[-1], _ast.Expr):
        return _compile(tree, name, "exec"), None
    last = tree.body.pop()
    assert isinstance(last, _ast.Expr)
    value = _compile(_ast.Expression(last.value), name, "eval")
    return (_compile(tree, name, "exec") if tree.body else None), value


def is_begun(source: bytes, name: str) -> bool:
    """Whether a source that does not parse is the begin of one that could."""
    try:
        builtins.compile(source, name, "exec", flags=_TOP_LEVEL_AWAIT | _ONLY_TREE | _MAY_GO_ON, dont_inherit=True)
    except SyntaxError as error:
        return "incomplete input" in str(error.msg)
    except (ValueError, RecursionError, OverflowError):
        return False
    return False


def compile_module(source: bytes | str, name: str) -> CodeType:
    """A module beside the script. What a SyntaxError shows of the text is taken out: the file may be no script."""
    try:
        code: CodeType = builtins.compile(source, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        position = (error.filename, error.lineno, error.offset, None)
        raise type(error)(error.msg, position) from None
    return code


def _compile(source: object, name: str, mode: str) -> CodeType:
    code: CodeType = builtins.compile(source, name, mode, flags=_TOP_LEVEL_AWAIT, dont_inherit=True)  # type: ignore[call-overload]
    return code
