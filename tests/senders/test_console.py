"""The console channel: one block a message, and nobody waits for a reader that sleeps."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import ClassVar

import gevent
import pytest

from daemon.errors import SendFailed
from daemon.senders.console import Console, block
from messages import LIN, WANG, message


@pytest.fixture
def pipe() -> Iterator[tuple[int, Callable[..., Console]]]:
    """A console that prints into a pipe, and the pipe's other end."""
    reading, writing = os.pipe()

    class Piped(Console):
        descriptor: ClassVar[int] = writing

    yield reading, Piped
    for end in (reading, writing):
        with contextlib.suppress(OSError):  # the test closed it
            os.close(end)


def test_a_block_names_the_message_and_tells_it() -> None:
    assert block(message(LIN, WANG)) == (
        "== D1 first to ops (lin, wang)\n"
        "   [CRITICAL] Disk full (A17)\n   97 %\n   Since 2026-11-21 01:00 UTC\n   host: db-1\n\n"
    )


def test_a_block_leaves_out_the_name_of_the_store() -> None:
    assert block(message(out_id="3f2a9c1e-D17")).startswith("== D17 first to ops\n")


def test_the_same_message_is_printed_the_same_way() -> None:
    assert block(message(text="x\ny")) == block(message(text="x\ny"))


def test_a_text_cannot_imitate_a_heading_or_drive_the_terminal() -> None:
    printed = block(message(text="x\n== D2 first to boss\r\n\x1b]0;owned\x07\x1b[2J"))
    assert printed.count("\n==") == 0
    assert not {"\x1b", "\x07", "\r"} & set(printed)


def test_a_repetition_says_so() -> None:
    assert block(message(repeat=True)).startswith("== D1 first to ops again\n")


def test_half_a_character_is_printed_as_a_question_mark(pipe: tuple[int, Callable[..., Console]]) -> None:
    reading, piped = pipe
    piped().send(message(title="a\ud800b"))
    assert b"a b (A17)" in os.read(reading, 4_096)


def test_a_message_goes_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    receipt = Console().send(message())
    assert capfd.readouterr().out == block(message())
    assert receipt.detail == "printed"


def test_a_reader_that_has_gone_is_a_failure(pipe: tuple[int, Callable[..., Console]]) -> None:
    reading, piped = pipe
    close(reading)
    with pytest.raises(SendFailed, match="cannot write to standard output: Broken pipe") as caught:
        piped().send(message())
    assert not caught.value.ambiguous


def test_a_closed_standard_output_is_a_failure(pipe: tuple[int, Callable[..., Console]]) -> None:
    _, piped = pipe
    close(piped.descriptor)
    with pytest.raises(SendFailed, match="cannot write to standard output"):
        piped().send(message())


def close(end: int) -> None:
    """Patched by gevent, it takes effect when the hub has run."""
    os.close(end)
    gevent.idle()


def fill(writing: int) -> None:
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"." * 4_096)
    except BlockingIOError:
        os.set_blocking(writing, True)


def test_a_reader_that_sleeps_holds_up_nobody_else(pipe: tuple[int, Callable[..., Console]]) -> None:
    _, piped = pipe
    fill(piped.descriptor)
    ticks = []
    ticking = gevent.spawn(lambda: [ticks.append(gevent.idle()) for _ in range(10)])
    with pytest.raises(SendFailed, match=r"took nothing for 0\.2 s") as caught:
        piped(timeout=0.2).send(message())
    assert not caught.value.ambiguous
    assert ticking.ready()


def test_two_long_messages_are_not_mixed(pipe: tuple[int, Callable[..., Console]]) -> None:
    reading, piped = pipe
    long = [message(out_id=f"D{n}", text=f"{n}" * 60_000) for n in (1, 2)]
    printing = [gevent.spawn(piped().send, one) for one in long]
    expected = "".join(block(one) for one in long).encode()
    heard = b""
    while len(heard) < len(expected):
        gevent.select.select([reading], [], [])
        heard += os.read(reading, 4_096)
    assert heard == expected
    gevent.joinall(printing, raise_error=True)


def test_a_second_message_does_not_wait_longer_than_its_time(pipe: tuple[int, Callable[..., Console]]) -> None:
    _, piped = pipe
    fill(piped.descriptor)
    first = gevent.spawn(pytest.raises, SendFailed, piped(timeout=0.3).send, message())
    gevent.idle()
    with pytest.raises(SendFailed, match=r"was busy for 0\.1 s"):
        piped(timeout=0.1).send(message())
    first.get()
