"""The language: lists of words, evaluated. It knows its host by two methods, `call` and `together`, and `output`.

(define x 1) (lambda (x) ...) (if a b c) (let ((x 1)) ...) (begin ...) (while test ...) (quote x) (try form (kind) ...)
(get value key ...) (map "key" value ...) (list ...) (text ...) (print ...) (for-each f list) (parallel (f ...) (f ...))
(Tool.execute "calculator" (map "input" "6 * 7")): every function of the script API by its name, methods by their class,
(agent.execute poet "hello"); (agent.stream poet "hello" f) calls f with each chunk.
"""

import operator
import re

TOKEN = re.compile(r'\s+|;[^\n]*|(?P<open>[(])|(?P<close>[)])|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()";]+)')
MAX_LEVELS = 100
ESCAPES = {"n": "\n", "t": "\t"}


class Failure(Exception):
    """A script fails: `kind` is one of the protocol's."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind

    def told(self, line=None):
        message = str(self).encode("utf-8", "backslashreplace").decode()
        return {"kind": self.kind, "message": message, "line": getattr(self, "line", line)}


class Word(str):
    """A name in a script; texts are plain `str`."""

    __slots__ = ()


class Call(tuple):
    """A call that is ready to be made: capability and arguments."""

    __slots__ = ()


def wrong(line, message):
    failure = Failure("syntax", message)
    failure.line = line
    return failure


def parsed(source):
    """The forms of a source, each with its line. Raises Failure of kind syntax."""
    try:
        text = bytes(source).decode()
    except UnicodeDecodeError:
        raise wrong(1, "the source is no UTF-8") from None
    at, line, open_lists = 0, 1, []
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise wrong(line, "a text without an end" if text[at] == '"' else f"unexpected {text[at]!r}")
        at, begun = found.end(), line
        line += found[0].count("\n")
        if found["open"]:
            if len(open_lists) >= MAX_LEVELS:
                raise wrong(line, "nested too deeply")
            open_lists.append((line, []))
            continue
        if found["close"]:
            if not open_lists:
                raise wrong(line, "a ) without its (")
            begun, form = open_lists.pop()
        elif found["text"] is not None:
            form = re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), found["text"])
        elif found["word"]:
            form = atom(found["word"])
        else:
            continue
        if open_lists:
            open_lists[-1][1].append(form)
        else:
            yield begun, form
    if open_lists:
        raise wrong(open_lists[-1][0], "a ( without its )")


def atom(word):
    constants = {"true": True, "false": False, "nil": None}
    if word in constants:
        return constants[word]
    for read in (int, float):
        try:
            return read(word) if word[0] in "-0123456789" and len(word) < 400 else Word(word)
        except ValueError:
            continue
    return Word(word)


class Scope(dict):
    """Names and their values; what is not here is looked for outside."""

    def __init__(self, outer, names=(), values=()):
        super().__init__(zip(names, values, strict=True))
        self.outer = outer

    def find(self, name):
        scope = self
        while scope is not None:
            if name in scope:
                return scope
            scope = scope.outer
        raise Failure("not_found", f"there is no {name}")


def evaluated(form, scope):
    """The value of a form."""
    while True:
        if isinstance(form, Word):
            return scope.find(form)[form]
        if not isinstance(form, list) or not form:
            return form
        match form:
            case ["quote", value]:
                return value
            case ["if", test, then, *otherwise]:
                fine = evaluated(test, scope)
                form = then if fine not in (None, False) else otherwise[0] if otherwise else None
            case ["define", Word() as name, value]:
                scope[name] = evaluated(value, scope)
                return None
            case ["set!", Word() as name, value]:
                scope.find(name)[name] = evaluated(value, scope)
                return None
            case ["lambda", list(names), *body]:
                return lambda *given, names=names, body=body: block(body, Scope(scope, names, given))
            case ["let", list(pairs), *body]:
                scope = Scope(scope, [name for name, _ in pairs], [evaluated(value, scope) for _, value in pairs])
                form = [Word("begin"), *body]
            case ["begin", *body, last]:
                block(body, scope)
                form = last
            case ["while", test, *body]:
                while evaluated(test, scope) not in (None, False):
                    block(body, scope)
                return None
            case ["try", tried, [Word() as name], *body]:
                try:
                    return evaluated(tried, scope)
                except Failure as error:
                    scope = Scope(scope, [name], [{"kind": error.kind, "message": str(error)}])
                form = [Word("begin"), *body]
            case ["parallel", *calls]:
                return scope.find("(together)")["(together)"]([ready(call, scope) for call in calls])
            case [function, *arguments]:
                called = evaluated(function, scope)
                if not callable(called):
                    raise Failure("runtime", f"{function} is no function")
                value = called(*[evaluated(argument, scope) for argument in arguments])
                if isinstance(value, Call):
                    return scope.find("(together)")["(together)"]([value])[0]
                return value


def block(body, scope):
    value = None
    for form in body:
        value = evaluated(form, scope)
    return value


def ready(form, scope):
    """A call of the script API with its arguments, not made yet."""
    made = evaluated(form[0], scope)(*[evaluated(argument, scope) for argument in form[1:]]) if form else None
    if not isinstance(made, Call):
        raise Failure("runtime", "parallel takes calls of the script API")
    return made


def globals_of(host, surface, arguments):
    """What every script finds: a few functions, its arguments, and the script API from its table."""
    scope = Scope(None)
    scope.update(
        {
            "+": lambda *v: sum(v) if v and not isinstance(v[0], str) else "".join(v), "-": operator.sub,
            "*": operator.mul, "/": operator.truediv, "=": operator.eq, "<": operator.lt, ">": operator.gt,
            "not": lambda v: v in (None, False), "list": lambda *v: list(v), "length": len, "get": get,
            "map": lambda *v: dict(zip(v[::2], v[1::2], strict=True)), "append": lambda to, v: to.append(v),
            "text": lambda *v: "".join(map(shown, v)), "args": arguments.get("positionals", []),
            "named": arguments.get("named", {}), "print": lambda *v: host.output("".join(map(shown, v)) + "\n"),
            "write": lambda *v: host.output("".join(map(shown, v))),
            "for-each": lambda f, values: [f(v) for v in values], "(together)": host.together,
        }
    )  # fmt: skip
    for name, functions in surface.get("globals", {}).items():
        for function, row in functions.items():
            spell(scope, name, function, row, host, [])
    for function, row in surface.get("functions", {}).items():
        spell(scope, "", function, row, host, [])
    for name, spec in surface.get("objects", {}).items():
        for method, row in spec["methods"].items():
            spell(scope, name, method, row, host, ["self"])
    return scope


def spell(scope, owner, name, row, host, first):
    """Adds one function of the table under all its spellings."""
    if "calls" not in row:
        return
    names = [*first, *row.get("takes", [])]
    streams = row.get("gives") == "stream"

    def made(*given):
        each = given[len(names)] if streams and len(given) > len(names) else None
        packed = dict(zip(names, given, strict=False)) | row.get("with", {})
        if first:
            packed["self"] = get(packed.get("self"), "id")
        if not streams:
            return Call((row["calls"], {key: value for key, value in packed.items() if value is not None}))
        opened = host.call(row["calls"], packed)
        while (chunk := host.call(row["pulls"], opened)) is not None:
            if each is not None:
                each(chunk)
        return None

    for spelling in (name, *row.get("also", [])):
        scope[f"{owner}.{spelling}" if owner else spelling] = made


def get(value, *keys):
    """A field of a map or a place of a list, from 1, and so on; nil where there is none."""
    for key in keys:
        if isinstance(value, list) and isinstance(key, int):
            value = value[key - 1] if 0 < key <= len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def shown(value):
    """A value as text, for people."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nil"}[value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, int) and abs(value) > 2**64:
        raise Failure("validation", "an integer of over 64 bits cannot be shown")
    return str(value)
