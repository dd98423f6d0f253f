"""`parallel`: calls that are truly open at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from llmspell import Limits
from tests.lua.spells import error, spell, value


def meeting(parties: int) -> Callable[..., int]:
    """A tool that answers only once `parties` calls of it are open together."""
    barrier = threading.Barrier(parties, timeout=60)

    def meet(n: int = 0) -> int:
        barrier.wait()
        return n

    return meet


MEET = "local function meet(n) return function() return Tool.execute('meet', {n = n}) end end "


def test_calls_in_branches_are_open_at_the_same_time() -> None:
    source = MEET + "local f = {} for i = 1, 8 do f[i] = meet(i) end return parallel(f)"
    assert value(source, meeting(8), waits=True) == list(range(1, 9))


def test_calls_through_pcall_metamethods_iterators_and_close_are_open_at_the_same_time() -> None:
    source = (
        MEET
        + """
    local one = meet(1)
    return parallel{
      one,
      function() local _, v = pcall(one) return v end,
      function() local _, v = xpcall(one, print) return v end,
      function() return setmetatable({}, {__index = one}).x end,
      function() for v in one do return v end end,
      function() local r do local c <close> = setmetatable({}, {__close = function() r = one() end}) end return r end,
      function() return (setmetatable({}, {__add = one}) + 1) end,
      function() return Tool.get('meet'):execute{n = 1} end,
    }
    """
    )
    assert value(source, meeting(8), waits=True) == [1] * 8


def test_a_list_inside_a_branch_joins_the_branches_that_run_already() -> None:
    source = (
        MEET
        + """
    return parallel{
      function() return parallel{meet(1), meet(2), function() return parallel{meet(3), meet(4)} end} end,
      meet(5), meet(6),
    }
    """
    )
    assert value(source, meeting(6), waits=True) == [[1, 2, [3, 4]], 5, 6]


def test_more_branches_than_calls_may_be_open_are_all_run() -> None:
    def same(n: int) -> int:
        return n

    source = """
    local f = {}
    for i = 1, 600 do f[i] = function() return Tool.execute('same', {n = i}) + Tool.execute('same', {n = i}) end end
    return parallel(f)
    """
    assert value(source, same) == [2 * n for n in range(1, 601)]


@pytest.mark.usefixtures("plain_worker")
def test_ten_thousand_branches_do_not_take_the_memory_of_as_many_coroutines() -> None:
    outcome = spell("local f = {} for i = 1, 50000 do f[i] = function() return i end end return #parallel(f)")
    assert outcome.value == 50000
    assert (outcome.usage.peak_memory_bytes or 0) < 36 << 20


def test_sleeps_in_branches_pass_together() -> None:
    outcome = spell("local f = {} for i = 1, 99 do f[i] = function() sleep(0.2) return i end end return parallel(f)")
    assert outcome.value == list(range(1, 100))
    assert outcome.usage.wall_seconds < 15


def test_results_keep_their_order_whichever_branch_ends_first() -> None:
    source = (
        "return parallel{function() sleep(0.06) return 'a' end, function() sleep(0.03) return 'b' "
        "end, function() return 'c' end}"
    )
    assert value(source) == ["a", "b", "c"]


def test_the_first_error_is_raised_after_all_have_ended() -> None:
    source = """
    local ended = {}
    local fine, e = pcall(parallel, {
      function() sleep(0.05) ended[#ended + 1] = 'slow' error({n = 1}) end,
      function() error({n = 2}) end,
      function() sleep(0.08) ended[#ended + 1] = 'last' end,
    })
    return {fine, e.n, ended}
    """
    assert value(source) == [False, 1, ["slow", "last"]]


def test_an_error_in_a_branch_says_the_line_of_the_branch() -> None:
    source = """local function work()
  Tool.execute('nothing')
end
parallel{
  function() sleep(0.01) end,
  function()
    work()
  end,
}"""
    outcome = spell(source)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.line) == ("not_found", 2)
    assert [row.split(": in ")[0] for row in outcome.error.traceback] == ["spell.lua:2", "spell.lua:7"]


def test_calls_in_coroutines_of_the_script_and_in_callbacks_go_one_after_another() -> None:
    open_now: list[int] = []
    most: list[int] = []

    def note(n: int) -> int:
        open_now.append(n)
        most.append(len(open_now))
        time.sleep(0.005)  # long enough for another call to arrive, were it open
        open_now.remove(n)
        return n

    source = """
    local function note(n) return Tool.execute('note', {n = n}) end
    local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(note(i)) end end)
    local gsubbed = string.gsub('123', '%d', function(d) return note(d + 0) + 1 end)
    local sorted = {3, 1, 2}
    table.sort(sorted, function(a, b) note(0) return a < b end)
    return {{co(), co(), co()}, gsubbed, sorted, parallel{function() return (string.gsub('45', '%d',
      function(d) return note(d + 0) end)) end}}
    """
    assert value(source, note, waits=True) == [[1, 2, 3], "234", [1, 2, 3], ["45"]]
    assert max(most) == 1


def test_parallel_inside_a_coroutine_of_the_script_runs_its_branches_together() -> None:
    source = MEET + "return coroutine.wrap(function() return parallel{meet(1), meet(2), meet(3)} end)()"
    assert value(source, meeting(3), waits=True) == [1, 2, 3]


def test_parallel_inside_a_callback_inside_a_branch_is_run_to_its_end() -> None:
    source = (
        MEET
        + """
    local inner
    local outer = parallel{
      function() string.gsub('a', 'a', function() inner = parallel{meet(1), meet(2)} end) return 'first' end,
      function() return Tool.execute('slow') end,
    }
    return {outer, inner}
    """
    )

    def slow() -> str:
        return "second"

    assert value(source, meeting(2), slow, waits=True) == [["first", "second"], [1, 2]]


def test_coroutines_of_the_script_work_inside_branches() -> None:
    source = """
    local function generate() local co = coroutine.wrap(function() for i = 1, 3 do sleep(0.001)
      coroutine.yield(i) end end)
      return co() + co() + co() end
    return parallel{generate, generate}
    """
    assert value(source) == [6, 6]


def test_a_branch_is_no_coroutine_of_the_script() -> None:
    source = """
    local other
    local r = parallel{
      function() other = coroutine.running() sleep(0.02) return 'unharmed' end,
      function()
        local _, why = pcall(coroutine.yield, 1)
        local resumed, how = coroutine.resume(other, true, 1, '\\xc0')
        local closed = pcall(coroutine.close, other)
        return {why, coroutine.isyieldable(), resumed, how, closed, coroutine.status(other)}
      end,
    }
    return r
    """
    assert value(source) == [
        "unharmed",
        [
            "attempt to yield from outside a coroutine",
            False,
            False,
            "cannot resume a branch of parallel",
            False,
            "suspended",
        ],
    ]


def test_yield_resume_and_close_still_work_in_coroutines_of_the_script() -> None:
    source = """
    local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b, coroutine.isyieldable() end)
    local r = {coroutine.resume(co, 1)}
    local s = {coroutine.resume(co, 'x')}
    local t = {coroutine.resume(co)}
    local closing = coroutine.create(function() local c <close> = setmetatable({}, {__close = function()
      error('c', 0) end}) coroutine.yield() end)
    coroutine.resume(closing)
    return {r, s, t, {coroutine.close(closing)}, coroutine.status(co), coroutine.isyieldable(), select(2,
      pcall(coroutine.resume)),
      select(2, coroutine.running())}
    """
    assert value(source) == [
        [True, 2], [True, "x", True], [False, "cannot resume dead coroutine"], [False, "c"], "dead", False,
        "bad argument #1 to 'resume' (coroutine expected, got nil)", True,
    ]  # fmt: skip


def test_branches_that_call_nothing_and_empty_lists_work() -> None:
    assert value("return {parallel{}, parallel{function() return 1, 2 end}, #parallel{function() end}}") == [[], [1], 0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("5", "parallel needs a list of functions, not a number"),
        ("", "parallel needs a list of functions, not a nil"),
        ("{print, 5}", "parallel needs a list of functions: [2] is a number"),
        ("{a = print}", "parallel needs a list of functions, not a table of named ones"),
        ("{Tool}", "parallel needs a list of functions: [1] is a table"),
    ],
)
def test_what_is_no_list_of_functions_is_an_error(given: str, message: str) -> None:
    assert error(f"parallel({given})")[:2] == ("validation", message)


def test_the_list_is_taken_as_it_is_when_parallel_is_called() -> None:
    source = """
    local f = {}
    f[1] = function() f[2] = 'gone' return 1 end
    f[2] = function() return 2 end
    return parallel(setmetatable(f, {__index = function() error('asked') end, __len = function() return 9 end}))
    """
    assert value(source) == [1, 2]


def test_a_limit_ends_all_branches() -> None:
    outcome = spell(
        "parallel{function() while true do end end, function() sleep(60) end}", limits=Limits(cpu=0.3, wall=100)
    )
    assert outcome.limit is not None
    assert outcome.limit.name == "cpu"


def test_an_open_call_whose_branch_is_done_for_leaves_the_worker_usable() -> None:
    source = """
    for round = 1, 30 do
      local fine = pcall(parallel, {function() sleep(0.001) error('x') end, function() return
        Tool.execute('calculator', {input = '1+1'}) end})
      if fine then error('it must fail') end
    end
    return Tool.execute('calculator', {input = '6*7'}).result.result
    """
    assert value(source) == 42
