"""A program as a channel: the four outcomes, and programs that mean no good."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import gevent
import psutil
import pytest
from gevent.event import Event

from channel_samples import CANARY
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance
from daemon.programs import KEPT, run
from daemon.secret import Secret
from daemon.senders.command import Command
from daemon.units import Seconds
from messages import message
from remains import is_gone
from until import until

SOON = Seconds(0.3)


def program(path: Path, script: str, **more: object) -> Command:
    """A channel that runs this shell script."""
    file = path / "notify"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return Command(**{"argv": (str(file), "an argument; $(not) `a` shell's"), **more})  # type: ignore[arg-type]


def outcome(sender: Command, **alert: object) -> Acceptance | SendError:
    """What one try comes to; nothing but a receipt or a SendError may come out."""
    try:
        return sender.send(message(out_id="3f2a9c1e-D1", **alert))
    except SendError as error:
        return error


def ours() -> list[psutil.Process]:
    """What we have started and not reaped."""
    return psutil.Process().children(recursive=True)


def test_it_reads_the_message_as_json_and_its_arguments_as_they_are(tmp_path: Path) -> None:
    sender = program(tmp_path, f'cat > {tmp_path}/stdin; printf %s "$1" > {tmp_path}/argument; echo queued as 7')
    receipt = sender.send(message(title="数据库 \ud83d half"))
    told = json.loads((tmp_path / "stdin").read_text())
    assert told["alert"]["title"] == "数据库 ? half"
    assert (told["version"], told["reason"], told["delivery"]) == (1, "first", "D1")
    assert (tmp_path / "argument").read_text() == "an argument; $(not) `a` shell's"
    assert receipt.detail == f"{tmp_path}/notify ended with 0: queued as 7"


def test_it_knows_nothing_of_tocsins_environment_or_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "c4n4ry")
    script = f"env > {tmp_path}/env; ls /proc/self/fd | wc -w > {tmp_path}/files"
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)  # noqa: FBT003 - as it is called
        program(tmp_path, script, env={"KEY": Secret(CANARY)}).send(message(out_id="3f2a9c1e-D1"))
    names = dict(line.partition("=")[::2] for line in (tmp_path / "env").read_text().splitlines())
    assert names.keys() - {"PWD", "_", "SHLVL"} == {"PATH", "LANG", "KEY", "TOCSIN_DELIVERY"}
    assert (names["KEY"], names["TOCSIN_DELIVERY"]) == (CANARY, "3f2a9c1e-D1")
    assert int((tmp_path / "files").read_text()) == 4, "its three, and the folder that ls reads"


@pytest.mark.parametrize(
    ("code", "kind", "scope"),
    [
        (1, SendFailed, None),
        (75, SendFailed, None),
        (127, SendFailed, None),
        (65, SendRefused, Scope.MESSAGE),
        (78, SendRefused, Scope.CHANNEL),
    ],
)
def test_its_exit_code_says_what_became_of_it(tmp_path: Path, code: int, kind: type, scope: Scope | None) -> None:
    error = outcome(program(tmp_path, f"echo out; echo >&2; echo it is so >&2; echo more >&2; exit {code}"))
    assert isinstance(error, kind)
    means = " (not allowed to, or not set up (EX_NOPERM, EX_CONFIG))" if scope is Scope.CHANNEL else ""
    assert str(error) == f"{tmp_path}/notify ended with {code}: it is so{means}"
    assert error.code == str(code)
    assert not error.ambiguous
    assert getattr(error, "scope", None) is scope


def test_exit_codes_can_be_given_other_meanings(tmp_path: Path) -> None:
    more = {"wait_on": (75, 3), "wait_for": Seconds(90.0), "refused_on": (1, 78)}
    found = [outcome(program(tmp_path, f"exit {code}", **more)) for code in (75, 3, 1, 78, 65, 77)]
    assert [type(one) for one in found] == [SendWait, SendWait, SendRefused, SendRefused, SendFailed, SendRefused]
    assert isinstance(found[0], SendWait)
    assert (found[0].seconds, found[0].scope) == (90.0, Scope.CHANNEL)
    assert isinstance(found[3], SendRefused)
    assert found[3].scope is Scope.MESSAGE


def test_what_it_repeats_of_its_secrets_does_not_show(tmp_path: Path) -> None:
    script = 'echo "no: $KEY $TWO" | tee /dev/stderr; exit $CODE'
    env = {"KEY": Secret(CANARY), "TWO": Secret(f"{CANARY}\nl1ne-two")}
    for code in ("0", "1"):
        sender = program(tmp_path, script, env={**env, "CODE": Secret(code)})
        shown = repr(outcome(sender)) + str(outcome(sender)) + repr(sender) + sender.target()
        assert CANARY not in shown
        assert "l1ne-two" not in shown


def test_ten_megabytes_of_output_are_read_and_not_kept(tmp_path: Path) -> None:
    sender = program(tmp_path, "head -c 10000000 /dev/zero | tr '\\0' x; head -c 10000000 /dev/zero >&2; exit 1")
    error = outcome(sender)
    assert isinstance(error, SendFailed)
    assert error.code == "1"
    assert len(str(error)) < 500
    ended = run(("/bin/sh", "-c", "head -c 1000000 /dev/zero"), b"", {}, 2.0)
    assert len(ended.out) == KEPT


def test_a_program_that_never_reads_is_not_waited_for(tmp_path: Path) -> None:
    huge = {str(n): "x" * 1_000 for n in range(300)}
    assert isinstance(outcome(program(tmp_path, "exec 0<&-; exit 0"), labels=huge), Acceptance)
    assert isinstance(outcome(program(tmp_path, "exit 0"), labels=huge), Acceptance)
    error = outcome(program(tmp_path, "exec sleep 60", timeout=SOON), labels=huge)
    assert isinstance(error, SendFailed)
    assert not ours()


def test_at_the_deadline_all_of_it_is_killed_whatever_it_ignores(tmp_path: Path) -> None:
    sender = program(tmp_path, "trap '' TERM INT HUP; echo busy >&2; sleep 60 & sleep 60", timeout=SOON)
    began = time.monotonic()
    error = outcome(sender)
    assert isinstance(error, SendFailed)
    assert error.ambiguous
    assert str(error) == f"{tmp_path}/notify was killed after 0.3 s: busy"
    assert time.monotonic() - began < 2.0
    until(lambda: not ours())


def test_a_child_that_keeps_its_output_open_does_not_hold_it_up(tmp_path: Path) -> None:
    began = time.monotonic()
    receipt = outcome(program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid; echo done"))
    assert isinstance(receipt, Acceptance)
    assert receipt.detail.endswith("done")
    assert time.monotonic() - began < 2.0
    child = int((tmp_path / "pid").read_text())
    until(lambda: is_gone(child))


def test_a_program_that_a_signal_ends_may_have_sent_it(tmp_path: Path) -> None:
    error = outcome(program(tmp_path, "kill -SEGV $$"))
    assert isinstance(error, SendFailed)
    assert (error.code, error.ambiguous) == (f"signal {signal.SIGSEGV.value}", True)


def test_a_sender_that_is_stopped_takes_its_program_with_it(tmp_path: Path) -> None:
    sender = program(tmp_path, "exec sleep 60")
    sending = gevent.spawn(sender.send, message())
    until(lambda: bool(ours()))
    sending.kill()
    assert not ours()


def test_many_run_at_once_and_the_event_loop_goes_on(tmp_path: Path) -> None:
    sender, ticks, over = program(tmp_path, "cat > /dev/null; sleep 0.3"), [], Event()

    def tick() -> None:
        while not over.wait(0.005):
            ticks.append(time.monotonic())

    ticking = gevent.spawn(tick)
    crowd = [gevent.spawn(outcome, sender) for _ in range(10)]
    gevent.joinall(crowd, raise_error=True)
    over.set()
    ticking.join()
    assert all(isinstance(one.value, Acceptance) for one in crowd)
    assert len(ticks) > 10
    assert not ours()


def test_one_that_has_gone_since_the_start_refuses_the_channel(tmp_path: Path) -> None:
    sender = program(tmp_path, "exit 0")
    (tmp_path / "notify").unlink()
    error = outcome(sender)
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.CHANNEL
    assert "No such file" in str(error)


def test_one_that_the_kernel_cannot_run_refuses_the_channel(tmp_path: Path) -> None:
    sender = program(tmp_path, "exit 0")
    (tmp_path / "notify").write_bytes(b"\x00\x01rubbish")
    error = outcome(sender)
    assert isinstance(error, SendRefused)
    assert "Exec format error" in str(error)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"argv": ()}, "argv is empty"),
        ({"argv": ("notify",)}, "is no full path"),
        ({"argv": ("/nowhere/notify",)}, "there is no file /nowhere/notify"),
        ({"argv": ("/etc/passwd",)}, r"cannot be run by tocsin's user: chmod \+x it"),
        ({"argv": ("/bin",)}, "there is no file /bin"),
        ({"argv": ("/bin/true", "a\0b")}, "holds a zero byte"),
        ({"env": {"A=B": Secret("x")}}, "'A=B' cannot be set"),
        ({"env": {"PATH": Secret("x")}}, "'PATH' cannot be set"),
        ({"env": {"A": Secret("x\0")}}, "the value of A holds a zero byte"),
        ({"wait_on": (0,)}, "wait_on: an exit code is 1 to 255"),
        ({"refused_on": (256,)}, "refused_on: an exit code is 1 to 255"),
        ({"wait_on": (65,)}, "65 stands in both"),
    ],
)
def test_what_cannot_be_run_is_refused_when_the_configuration_is_read(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Command(**({"argv": (sys.executable,)} | wrong))  # type: ignore[arg-type]
