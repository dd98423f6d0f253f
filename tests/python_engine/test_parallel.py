"""`parallel`: plain functions whose calls are open at the same time."""

from __future__ import annotations

from typing import Any

from tests.python_engine.meeting import Meeting
from tests.python_engine.spells import error, spell, value


def test_calls_of_plain_functions_are_open_at_once_and_results_are_in_order() -> None:
    meeting = Meeting(10)
    source = """
    def branch(n):
        return lambda: [n, Tool.execute("meet")]
    parallel([branch(n) for n in range(10)])
    """
    assert value(source, meeting.meet, waits=True) == [[n, 10] for n in range(10)]


def test_calls_in_nested_lists_and_in_callbacks_of_c_are_open_at_once() -> None:
    meeting = Meeting(7)
    source = """
    def meet(_=None):
        return Tool.execute("meet")
    parallel([
        lambda: parallel([meet, meet, lambda: parallel([meet, meet])]),
        lambda: sorted([1], key=meet), lambda: list(map(meet, [1])), lambda: next(meet() for _ in [1]),
    ])
    """
    assert value(source, meeting.meet, waits=True) == [[7, 7, [7, 7]], [1], [7], 7]


def test_more_branches_than_calls_may_be_open_all_run() -> None:
    assert value("sum(parallel([lambda n=n: (sleep(0), n)[1] for n in range(1000)]))") == sum(range(1000))


def test_a_branch_may_be_a_coroutine_whose_calls_are_open_beside_others() -> None:
    meeting = Meeting(3)
    source = """
    async def meet():
        return await Tool.aexecute("meet")
    parallel([meet, meet, lambda: Tool.execute("meet")])
    """
    assert value(source, meeting.meet, waits=True) == [3, 3, 3]


def test_asyncio_inside_a_branch_works_too() -> None:
    source = """
    import asyncio
    async def main(n):
        await asyncio.sleep(0.001)
        return n + len(await asyncio.gather(asleep(0), asyncio.to_thread(sleep, 0)))
    parallel([lambda n=n: asyncio.run(main(n)) for n in range(3)])
    """
    assert value(source) == [2, 3, 4]


def test_the_first_error_is_raised_after_all_have_ended_with_its_own_line() -> None:
    seen: list[int] = []

    def note(n: int) -> None:
        seen.append(n)

    source = """\
    def broken():
        sleep(0.01)
        raise ValueError("first")
    def other():
        sleep(0.02)
        Tool.execute("note", n=1)
    parallel([other, broken, lambda: 1 / 0, other])
    """
    outcome = spell(source, note)
    assert outcome.error is not None
    assert (outcome.error.message, outcome.error.line) == ("ValueError: first", 3)
    assert outcome.error.traceback == ("spell.py:3: in broken", "spell.py:7: in <module>")
    assert seen == [1, 1]


def test_two_branches_that_import_the_same_module_wait_for_one_load(tmp_path: Any) -> None:
    (tmp_path / "slow.py").write_text("sleep(0.02)\nprint('loaded')\nvalue = 5\n")
    source = """
    def load():
        import slow
        return slow.value
    parallel([load, load, load])
    """
    outcome = spell(source, folder=tmp_path)
    assert (outcome.value, outcome.stdout) == ([5, 5, 5], b"loaded\n")


def test_exit_in_a_branch_ends_the_run() -> None:
    outcome = spell("import sys\nparallel([lambda: sys.exit(4), lambda: sleep(0)])\nprint('after')")
    assert (outcome.exit_status, outcome.stdout) == (4, b"")


def test_what_is_no_list_of_functions_is_a_validation_error() -> None:
    assert error("parallel(5)")[:2] == ("validation", "parallel needs a list of functions, not an int")
    assert error("parallel([print, 5])")[:2] == ("validation", "parallel needs a list of functions: [1] is an int")
    assert value("parallel([])") == []
