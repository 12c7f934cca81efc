"""Processes by name, command line and pid file: those that run, those that are somebody else's, and none."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import psutil
import pytest

from daemon.clock import SystemClock
from daemon.probes.machine import processes
from daemon.probes.process import Process
from daemon.reading import Health, Past, Reading
from lag import calmly
from needs import need
from probe_pages import shown_on_the_page
from tree import ROOT
from until import until

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start programs of a name that nobody else has; all are ended after the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def run(name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        program = tmp_path / name
        if not program.exists():
            shutil.copy("/bin/sleep", program)
        begun.append(subprocess.Popen([program, *(arguments or ("60",))]))
        return begun[-1]

    yield run
    for one in begun:
        one.kill()
        one.wait()


def look(probe: Process, notes: bytes = b"") -> Reading:
    """Look now."""
    return probe.look_on(Past(now=SystemClock().now(), notes=notes))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a list that another has read."""
    monkeypatch.setattr(processes, "FRESH", -1.0)


def test_processes_are_found_by_name(start: Start) -> None:
    begun = [start("tocsin-test-a") for _ in range(3)]
    reading = look(Process(name="tocsin-test-a"))
    assert reading.health is Health.UP
    assert reading.values["count"] == 3
    assert reading.values["memory"] == pytest.approx(
        sum(psutil.Process(p.pid).memory_info().rss for p in begun), rel=0.2
    )
    assert reading.values["threads"] == 3
    assert reading.values["files"] == sum(psutil.Process(p.pid).num_fds() for p in begun)
    assert 0 <= reading.values["age"] < 10
    assert reading.values["user"] == psutil.Process().username()
    assert "cpu" not in reading.values, "nobody knows yet"
    assert reading.evidence["processes"].count("tocsin-test-a, for") == 3
    assert reading.detail.startswith("3 running, ")


def test_processes_are_found_by_their_command_line_which_is_not_shown(start: Start) -> None:
    start("tocsin-test-b", "61.0017")
    start("tocsin-test-b", "62")
    reading = look(Process(pattern=r"test-b 61\.0+17$"))
    assert reading.values["count"] == 1
    assert "61.0017" not in repr(reading.told())
    assert look(Process(name="tocsin-test-b", pattern=r"b 62$")).values["count"] == 1
    assert look(Process(name="sleep", pattern="test-b")).values["count"] == 0


def test_none_too_few_and_too_many_are_down(start: Start) -> None:
    none = look(Process(name="tocsin-test-c"))
    assert (none.health, none.detail) == (Health.DOWN, "does not run")
    assert none.values == {"count": 0}
    start("tocsin-test-c"), start("tocsin-test-c")
    two = [look(Process(name="tocsin-test-c", **more)) for more in ({"least": 3}, {"most": 1}, {"least": 0, "most": 0})]  # type: ignore[arg-type]
    assert [one.health for one in two] == [Health.DOWN] * 3
    assert [one.detail for one in two] == [
        "2 run, at least 3 wanted", "2 run, at most 1 wanted", "2 run, at most 0 wanted",
    ]  # fmt: skip


def test_how_many_must_run_can_be_left_to_the_conditions() -> None:
    assert Process(name="x").fewest == 1
    assert Process(name="x", most=0).fewest == 0
    assert Process(name="x").yielding({"count", "memory"}).fewest == 0
    assert Process(name="x").yielding({"memory"}).fewest == 1
    assert Process(name="x", least=2).yielding({"count"}).fewest == 2


def test_what_its_page_shows_can_be_written(tmp_path: Path) -> None:
    shown = shown_on_the_page("process", tmp_path)
    assert shown["no-debugger"] == Process(name="gdb", most=0)


def test_what_must_not_run_may_be_looked_for_too() -> None:
    reading = look(Process(name="tocsin-test-d", most=0))
    assert (reading.health, reading.detail) == (Health.UP, "none runs, as it should be")


def test_what_has_ended_and_is_not_reaped_does_not_run(start: Start, tmp_path: Path) -> None:
    start("tocsin-test-e").kill()
    script = f"{tmp_path}/tocsin-test-e 0.3 & echo $!; exec sleep 60"  # which reaps nobody, as the shell may
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        until(lambda: child.status() == psutil.STATUS_ZOMBIE)
        assert look(Process(name="tocsin-test-e")).detail == "does not run"
        parent.kill()


def test_how_busy_they_were_since_the_last_look(tmp_path: Path) -> None:
    probe = Process(pattern=f"busy-{tmp_path}")
    clock = SystemClock()
    script = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ntime.sleep(60)"
    first = look(probe)
    began = clock.monotonic()
    with subprocess.Popen([sys.executable, "-c", script, f"busy-{tmp_path}"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        second = look(probe, first.notes or b"")
        took = clock.monotonic() - began
        third = look(probe, second.notes or b"")
        process.kill()
    assert 0.25 / took * 100 < second.values["cpu"] < 250, "what began meanwhile counts from its start"
    assert third.values["cpu"] < 100 * 0.3 / 0.01
    assert "cpu" not in look(probe, third.notes or b"").values, "none runs any more"


@pytest.mark.parametrize("notes", [b"rubbish", b"\xc0", b"\x92\x01", b"\xff" * 100])
def test_notes_that_mean_nothing_are_as_none(start: Start, notes: bytes) -> None:
    start("tocsin-test-f")
    reading = look(Process(name="tocsin-test-f"), notes)
    assert reading.is_well
    assert "cpu" not in reading.values


def test_a_pid_file_names_its_process(start: Start, tmp_path: Path) -> None:
    process, file = start("tocsin-test-g"), tmp_path / "g.pid"
    file.write_text(f" {process.pid}\n")
    assert look(Process(pidfile=str(file))).values["count"] == 1
    assert look(Process(pidfile=str(file), name="tocsin-test-g")).is_well
    other = look(Process(pidfile=str(file), name="nginx"))
    assert other.detail == f"{file} names somebody else's: {process.pid} is tocsin-test-g"
    assert other.health is Health.DOWN


def test_a_number_that_now_is_somebody_elses_is_not_it(start: Start, tmp_path: Path) -> None:
    process, file = start("tocsin-test-h"), tmp_path / "h.pid"
    file.write_text(str(process.pid))
    long_ago = time.time() - 3 * 3600
    os.utime(file, (long_ago, long_ago))
    reading = look(Process(pidfile=str(file)))
    assert reading.health is Health.DOWN
    strange = f"{file} names somebody else's: {process.pid} is tocsin-test-h, which began "
    assert reading.detail in {f"{strange}{said} after the file was written" for said in ("3h", "2h59m")}
    assert look(Process(pidfile=str(file), name="tocsin-test-h")).is_well, "its name says that it is the one"


def test_a_pid_file_that_is_left_behind_names_nobody(tmp_path: Path) -> None:
    file = tmp_path / "i.pid"
    process = subprocess.Popen(["true"])
    process.wait()
    file.write_text(str(process.pid))
    reading = look(Process(pidfile=str(file)))
    assert (reading.health, reading.detail) == (Health.DOWN, f"{file} names {process.pid}, which does not run")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("nginx", "holds no process number"),
        ("-1", "holds no process number"),
        ("0", "holds no process number"),
        ("²", "holds no process number"),
        ("99999999999999999999", "holds no process number"),
        ("1" * 10_000, "holds no process number"),
        ("2147483646", "names 2147483646, which does not run"),
    ],
)
def test_rubbish_in_a_pid_file_names_nobody(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "j.pid"
    file.write_text(content)
    reading = look(Process(pidfile=str(file)))
    assert reading.health is Health.DOWN
    assert said in reading.detail


def test_a_pid_file_that_is_no_file_holds_nobody_up(tmp_path: Path) -> None:
    fifo, folder, missing = tmp_path / "fifo", tmp_path / "folder", tmp_path / "missing"
    os.mkfifo(fifo)
    folder.mkdir()
    for path, said in ((fifo, "is no file"), (folder, "is no file"), (missing, "no such file or directory")):
        reading = look(Process(pidfile=str(path)))
        assert (reading.health, reading.detail) == (Health.DOWN, f"{path}: {said}")


def test_hundreds_of_processes_are_read_once_for_all_and_hold_nobody_up(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("tocsin-test-k").kill()
    script = f"for n in $(seq 300); do {tmp_path}/tocsin-test-k 60 & done; wait"
    with subprocess.Popen(["sh", "-c", script], start_new_session=True) as parent:
        name = Process(name="tocsin-test-k")
        until(lambda: look(name).values["count"] == 300)
        monkeypatch.setattr(processes, "FRESH", 60.0)
        probes = [Process(name=name.name, pattern="x*" * n) for n in range(20)]
        looks = calmly(lambda: [one.get() for one in [gevent.spawn(look, probe) for probe in probes]])
        os.killpg(parent.pid, signal.SIGKILL)
    assert [one.values["count"] for one in looks] == [300] * 20


def test_whom_processes_are_hidden_from_knows_nothing() -> None:
    """As tocsin's user sees a machine whose /proc is mounted with hidepid."""
    script = """if True:
    from gevent import monkey; monkey.patch_all()
    import os, sys
    from daemon.probes.process import Process; from daemon.reading import Past
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    for probe in (Process(name="init-or-so"), Process(pidfile=sys.argv[1])):
        reading = probe.look_on(Past(now=0.0)); print(reading.health, reading.detail)"""
    file = Path(tempfile.mkstemp()[1])
    file.write_text("1")
    file.chmod(0o644)
    inner = 'mount -t proc -o hidepid=2 proc /proc && "$@"'
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", inner, "sh"]
    need(
        not subprocess.run([*command, "true"], capture_output=True, check=False).returncode, "only root hides processes"
    )
    done = subprocess.run(
        [*command, sys.executable, "-c", script, file], cwd=ROOT, capture_output=True, text=True, check=False
    )
    file.unlink()
    told = done.stdout.splitlines()
    assert len(told) == 2, done
    assert all(line.startswith("unknown 0 found, but tocsin's user may not see all") for line in told), told


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "says of no process which"),
        ({"pidfile": "x.pid"}, "no full path"),
        ({"name": "x", "least": 3, "most": 2}, "no number of processes would be well"),
        ({"pattern": "("}, "is not an RE2 pattern"),
        ({"pattern": "a" * 2000}, "at most 1000"),
    ],
)
def test_what_names_no_process_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Process(**wrong)  # type: ignore[arg-type]
