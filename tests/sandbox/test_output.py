"""What is kept of a run's output."""

from __future__ import annotations

from llmspell.sandbox.output import TAIL, KeptOutput, Tail


def test_little_output_is_held_in_memory() -> None:
    with KeptOutput() as kept:
        kept.keep("stdout", b"one ")
        kept.keep("stderr", b"error")
        kept.keep("stdout", b"two")
        assert (kept.stdout, kept.stderr, kept.truncated) == (b"one two", b"error", (0, 0))
        assert list(kept.whole("stdout")) == [b"one two"]


def test_what_does_not_fit_is_counted_and_kept_in_a_file() -> None:
    with KeptOutput(held=5) as kept:
        for piece in (b"1234", b"567", b"89"):
            kept.keep("stdout", piece)
        kept.keep("stderr", b"abcdefgh")
        assert (kept.stdout, kept.stderr, kept.truncated) == (b"12345", b"abcde", (4, 3))
        assert b"".join(kept.whole("stdout")) == b"123456789"
        kept.keep("stdout", b"0")
        assert b"".join(kept.whole("stdout")) == b"1234567890"
        assert b"".join(kept.whole("stderr")) == b"abcdefgh"
    assert (kept.stdout, kept.truncated) == (b"12345", (5, 3))


def test_the_tail_is_the_last_of_it_escaped() -> None:
    tail = Tail()
    tail.add(b"lost" + b"x" * TAIL)
    assert tail.escaped() == "x" * TAIL
    tail.add(b"\x1b[2J\xff\xc2\x9b\n\ttext \xc3\xa9")
    assert tail.escaped().endswith("\\x1b[2J\\xff\\x9b\n\ttext é")
