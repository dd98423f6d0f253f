"""The queries of the tool json-processor: an answer that can travel or a refusal with a reason, within the budget.

An input is a query, a NUL and a JSON document.
"""

from __future__ import annotations

from time import process_time

from fuzz.target import Check, Defect, Target
from llmspell.errors import CallError
from llmspell.tools.json_processor import JsonProcessor
from llmspell.tools.json_query import compiled
from llmspell.tools.tool import ToolGrants
from llmspell_workers.wire import check as check_value

MOST_SECONDS = 3.0
"""Of processor time, for one query on a small document; 200,000 steps take about 0.3 s."""
_DOCUMENT = (
    b'{"items": [{"name": "a", "n": 1}, {"name": "b", "n": -2.5, "tags": ["x", null]}], "on": true, "t": "a-b",'
    b' "most": 1e308}'
)


def _make() -> Check:
    processor, grants = JsonProcessor(), ToolGrants()

    def check(data: bytes) -> None:
        query, _, document = data.decode("utf-8", "replace").partition("\0")
        began = process_time()
        try:
            answer = processor.execute({"query": query, "input": document}, grants)
        except CallError as error:
            assert error.kind.value == "validation"
            assert 0 < len(error.message) < 2000
        else:
            check_value(answer, "result")  # Unsendable is a finding
        assert process_time() - began < MOST_SECONDS
        compiled.cache_clear()

    return check


def _seeds() -> dict[str, bytes]:
    queries = {
        "same": ".",
        "path": ".items[0].name",
        "each": ".items[] | .name",
        "select": '[.items[] | select(.n > 0 and .name != "z") | {name, twice: (.n * 2)}]',
        "slice": ".items[1:][0].tags[-1], .t[0:2]",
        "from-the-end": ".items[-2].n, .t[-1:]",
        "forgiving": ".t.x?, (.items | map(.tags[0]?))",
        "sorting": '.items | sort_by(.n) | map(.name) | join("-")',
        "grouping": ".items | group_by(.n) | map(length) | add",
        "entries": 'to_entries | map(select(.key | startswith("o"))) | from_entries',
        "texts": '.t | split("-") | map(ascii_upcase) | contains(["A"])',
        "types": "[.[] | type] | unique | reverse | first, min, max",
        "json": ".items | tojson | fromjson | flatten | any, all",
        "numbers": ".items[0].n / 2 % 3 - -1 | floor, ceil, round, tostring",
        "too-large": ".most * 10",
        "nested": "[[[[(((({a: [.on]}))))]]]]",
        "refused": ".items[",
        "unknown": ".items | lenght",
    }
    seeds = {name: query.encode() + b"\0" + _DOCUMENT for name, query in queries.items()}
    return {**seeds, "surrogates": rb"." + b"\0" + rb'["\ud83d\ude00", "\u00e9"]'}


JSON_QUERY = Target(
    "json-query",
    "queries of the tool json-processor",
    _make,
    _seeds,
    (
        *(
            b".[]",
            b".items",
            b".[-1]",
            b"[1:]",
            b" | ",
            b"map(",
            b"select(",
            b"sort_by(",
            b"group_by(",
            b"add",
            b"keys",
        ),
        *(b"flatten", b"tojson", b"fromjson", b"tostring", b"tonumber", b"join(", b"split(", b"?", b" and ", b" or "),
        *(b"1e400", b"1e308", b"99999999999999999999", b'"\\ud800"', b"{a: 1}", b"[[[[[[", b"((((((", b"------", b"-"),
        *(b"null", b"true", b"has(", b"unique", b"last", b"min_by(", b"from_entries", b"to_entries", b"\0", b'""'),
    ),
    {
        "half-a-character": Defect(
            "llmspell/tools/json_values.py",
            'raise UnfitError("holds half a character (a lone surrogate)") from None',
            "return 0",
        ),
        "an-index-too-low": Defect(
            "llmspell/tools/json_filters.py", "-len(value) <= at < len(value)", "at < len(value)"
        ),
        "an-overflow": Defect("llmspell/tools/json_filters.py", "except OverflowError:", "except FloatingPointError:"),
    },
)
