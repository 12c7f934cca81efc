"""Plug-ins: what their ends and words mean, and plug-ins that mean no good."""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import gevent
import psutil
import pytest

from daemon.config.load import load
from daemon.errors import ConfigError
from daemon.loading import catalog
from daemon.probes.command import MOST_SHOWN, Command
from daemon.programs import KEPT
from daemon.reading import Health
from daemon.secret import Secret
from daemon.units import Seconds
from lag import calmly
from needs import need
from probe_pages import shown_on_the_page
from remains import descriptors, is_gone
from until import until

CANARY = "c4n4ry-of-the-plug-in"
SOON = Seconds(0.5)
PLUGINS = Path("/usr/lib/nagios/plugins")


def plugin(folder: Path, script: str, **more: object) -> Command:
    """A probe that runs this shell script."""
    file = folder / "check"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return Command(**{"command": (str(file), "an argument; $(not) `a` shell's"), **more})  # type: ignore[arg-type]


def ours() -> list[psutil.Process]:
    """What we have started and not reaped."""
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize(
    ("script", "health", "detail"),
    [
        ("echo OK: all is well; exit 0", Health.UP, "OK: all is well"),
        ("echo 'WARNING: rather full|used=85%'; exit 1", Health.DEGRADED, "WARNING: rather full"),
        ("echo CRITICAL: full; exit 2", Health.DOWN, "CRITICAL: full"),
        ("echo UNKNOWN: who knows; exit 3", Health.UNKNOWN, "UNKNOWN: who knows"),
        ("exit 0", Health.UP, "exit 0, and it said nothing"),
        ("echo; echo; echo late; exit 2", Health.DOWN, "late"),
        ("echo no such option >&2; exit 2", Health.DOWN, "no such option"),
        ("echo what; exit 4", Health.DOWN, "exit 4, which no plug-in should have: what"),
        ("echo what; exit 255", Health.DOWN, "exit 255, which no plug-in should have: what"),
        ("exit 126", Health.UNKNOWN, "exit 126: it cannot be run"),
        ("echo going; kill -SEGV $$", Health.DOWN, "ended by SIGSEGV: going"),
        ("kill -40 $$", Health.DOWN, "ended by signal 40"),
    ],
)
def test_its_end_says_how_it_is_and_its_first_line_why(
    tmp_path: Path, script: str, health: Health, detail: str
) -> None:
    reading = plugin(tmp_path, script).look()
    assert (reading.health, reading.detail) == (health, detail)


def test_what_it_says_further_is_evidence_and_what_it_measured_are_values(tmp_path: Path) -> None:
    script = r"""printf 'DISK OK - / | /=2643MB;5948;5958;0;5968\n/home 70%%\n/var 12%% | time=12ms\n'
    printf "'two words'=3c"; echo slow disk >&2"""
    reading = plugin(tmp_path, script).look()
    assert reading.detail == "DISK OK - /"
    assert reading.values == {
        "exit": 0,
        "perfdata": {"/": 2643 * 1024**2, "time": pytest.approx(0.012), "two words": 3},
    }
    assert reading.evidence == {
        "output": "/home 70%\n/var 12%",
        "errors": "slow disk",
        "perfdata": "/ 2.77139e+09 B (warn 5948, crit 5958, least 0, most 5968)\ntime 0.012 s\ntwo words 3 c",
    }
    assert 0 < reading.phases["run"] < 2


def test_what_does_not_apply_is_absent(tmp_path: Path) -> None:
    killed = plugin(tmp_path, "kill -9 $$").look()
    late = plugin(tmp_path, "sleep 60", timeout=SOON).look()
    assert "exit" not in killed.values
    assert "exit" not in late.values
    assert not late.phases


def test_plug_ins_as_debian_has_them() -> None:
    need((PLUGINS / "check_load").exists(), "no Nagios plug-ins (Debian package monitoring-plugins-basic)")
    load = Command(command=(f"{PLUGINS}/check_load", "-w", "900,900,900", "-c", "999,999,999")).look()
    assert load.health is Health.UP
    assert load.values["perfdata"].keys() == {"load1", "load5", "load15"}
    full = Command(command=(f"{PLUGINS}/check_disk", "-w", "100%", "-c", "0%", "-p", "/")).look()
    assert full.health is Health.DEGRADED
    assert full.values["perfdata"]["/"] > 1024**2
    assert Command(command=(f"{PLUGINS}/check_dummy", "2", "so it is")).look().detail == "CRITICAL: so it is"
    assert Command(command=(f"{PLUGINS}/check_load", "--rubbish")).look().health is Health.UNKNOWN


def test_it_is_given_its_arguments_variables_and_folder_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", CANARY)
    script = 'echo "$1|"; pwd; cat; env | cut -d= -f1 | sort | tr "\\n" " "; echo; ls /proc/self/fd | wc -w'
    home = tmp_path / "a folder; exit 7"
    home.mkdir()
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)  # noqa: FBT003 - as it is called
        reading = plugin(tmp_path, script, env={"KEY": Secret(CANARY)}, cwd=str(home)).look()
    assert reading.detail == "an argument; $(not) `a` shell's"
    folder, names, files = reading.evidence["output"].splitlines()
    assert folder == str(home)
    assert set(names.split()) - {"OLDPWD", "PWD", "_", "SHLVL"} == {"KEY", "LANG", "PATH"}
    assert int(files) == 4, "its three, and the folder that ls reads"


def test_what_its_page_shows_can_be_written(tmp_path: Path) -> None:
    shown = shown_on_the_page("command", tmp_path, SHOP_DB_PASSWORD=CANARY)
    assert shown["orders-waiting"].target() == "/usr/local/lib/shop/check_orders"


def test_one_line_for_the_program_is_refused_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yml").write_text("probes: {a: {type: command, command: check_disk -w 10%}}")
    with pytest.raises(ConfigError, match=r"probes.a.command: must be a list: write \[one, two\]"):
        load(tmp_path / "tocsin.yml", catalog, {})


def test_its_secrets_are_hidden_wherever_it_repeats_them(tmp_path: Path) -> None:
    script = """echo "no: $KEY | '$KEY'=1"; echo "$KEY and $LINES"; echo "$KEY" >&2; exit 2"""
    env = {"KEY": Secret(CANARY), "LINES": Secret(f"{CANARY}\nl1ne-two"), "EMPTY": Secret("")}
    probe = plugin(tmp_path, script, env=env)
    reading = probe.look()
    shown = f"{reading!r} {probe!r} {probe.target()}"
    assert CANARY not in shown
    assert "l1ne-two" not in shown
    assert "an argument" not in f"{probe!r} {probe.target()}"
    assert reading.detail == "no: ***"
    assert reading.values["perfdata"] == {"***": 1}


def test_what_it_measured_stays_whole_beside_an_environment_of_numbers(tmp_path: Path) -> None:
    script = "echo 'DISK OK: 11 GB of 85000 | used=85%;90 free=85000MB pin=20261121'"
    env = {"DEBUG": Secret("1"), "WARN": Secret("5"), "LIMIT": Secret("5000"), "PIN": Secret("20261121")}
    reading = plugin(tmp_path, script, env=env).look()
    assert reading.values["perfdata"] == {"used": 85, "free": 85_000 * 1024**2, "pin": 20_261_121}
    assert reading.detail == "DISK OK: 11 GB of 8***"
    assert "20261121" not in str(reading.evidence)


@pytest.mark.parametrize("where", ["", "/"])
def test_one_that_cannot_be_run_is_unknown_and_says_what_to_do(tmp_path: Path, where: str) -> None:
    probe = plugin(tmp_path, "exit 0", cwd=where)
    file = Path(probe.target())
    file.chmod(0o644)
    if os.geteuid() == 0:
        assert not os.access(file, os.X_OK)
    forbidden = probe.look()
    file.chmod(0o755)
    file.write_text("#!/no/such/interpreter\n")
    headless = probe.look()
    file.unlink()
    missing = probe.look()
    file.mkdir()
    folder = probe.look()
    for reading in (forbidden, headless, missing, folder):
        assert reading.health is Health.UNKNOWN, reading
    if not where:
        assert "chmod +x" in forbidden.detail
        assert "behind #!" in headless.detail
        assert missing.detail == f"{file} cannot be started: there is no such file"


def test_rubbish_for_a_program_is_unknown_and_a_folder_that_is_not_there_too(tmp_path: Path) -> None:
    probe = plugin(tmp_path, "exit 0")
    Path(probe.target()).write_bytes(b"\x7fELF\x00rubbish")
    assert "no program" in probe.look().detail
    lost = plugin(tmp_path, "exit 0", cwd=f"{tmp_path}/nowhere").look()
    assert lost.health is Health.UNKNOWN
    assert "nowhere" in lost.detail


def test_a_gigabyte_is_read_and_thrown_away_while_everybody_else_goes_on(tmp_path: Path) -> None:
    probe = plugin(tmp_path, "echo OK; head -c 1000000000 /dev/zero | tr '\\0' x; exit 1", timeout=Seconds(1.5))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = calmly(probe.look)
    assert reading.phases.get("run", 0) < 2
    assert reading.health in {Health.DEGRADED, Health.DOWN}, "read to its end, or cut off"
    assert reading.detail.endswith("OK")
    assert len(reading.evidence["output"]) <= MOST_SHOWN
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 20 * KEPT
    assert not ours()


def test_one_that_prints_for_ever_on_both_is_ended_at_the_time_out(tmp_path: Path) -> None:
    reading = calmly(plugin(tmp_path, "trap '' TERM; yes >&2 & yes", timeout=SOON).look)
    assert reading.detail == "killed after 0.5s: y"
    assert not ours()


def test_at_the_time_out_it_is_asked_to_end_first(tmp_path: Path) -> None:
    script = f"trap 'echo sorry > {tmp_path}/last; exit 0' TERM; echo busy; sleep 60 & wait"
    began = time.monotonic()
    reading = plugin(tmp_path, script, timeout=SOON).look()
    assert reading.detail == "killed after 0.5s: busy"
    assert time.monotonic() - began < SOON + 0.3
    assert (tmp_path / "last").read_text() == "sorry\n"
    assert not ours()


def test_one_that_heeds_no_signal_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    script = f"""trap '' TERM INT HUP
    for n in 1 2 3 4 5 6 7 8; do (trap '' TERM; (trap '' TERM; sleep 60) & sleep 60) & done
    ps -o pid= -g $$ > {tmp_path}/pids; sleep 60"""
    began = time.monotonic()
    reading = plugin(tmp_path, script, timeout=SOON).look()
    assert reading.health is Health.DOWN
    assert time.monotonic() - began < SOON + 0.5
    assert not ours()
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) > 8
    until(lambda: all(is_gone(pid) for pid in pids))


def test_one_that_doubles_itself_is_ended_with_all_its_doubles(tmp_path: Path) -> None:
    """Every process starts two more and waits: without the bound it would be a fork bomb."""
    script = f"""bomb() {{ [ "$1" -gt 6 ] && sleep 60; bomb $(($1 + 1)) & bomb $(($1 + 1)) & wait; }}
    echo $$ > {tmp_path}/pid; bomb 0"""
    plugin(tmp_path, script, timeout=Seconds(0.8)).look()
    group = int((tmp_path / "pid").read_text())

    def left() -> list[int]:
        return [pid for pid in psutil.pids() if not is_gone(pid) and _group(pid) == group]

    until(lambda: not left())


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


@pytest.mark.parametrize("output", ["", " >/dev/null 2>&1 </dev/null"])
def test_what_it_leaves_behind_is_ended_and_holds_nobody_up(tmp_path: Path, output: str) -> None:
    began = time.monotonic()
    reading = plugin(tmp_path, f"sleep 60{output} & echo $! > {tmp_path}/pid; echo done").look()
    assert (reading.health, reading.detail) == (Health.UP, "done")
    assert time.monotonic() - began < 1.0
    until(lambda: is_gone(int((tmp_path / "pid").read_text())))


def test_one_that_leaves_its_group_with_the_output_open_holds_nobody_up(tmp_path: Path) -> None:
    began = time.monotonic()
    reading = plugin(tmp_path, f"setsid sleep 60 & echo $! > {tmp_path}/pid; echo done").look()
    assert (reading.health, reading.detail) == (Health.UP, "done")
    assert time.monotonic() - began < 1.0
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_look_that_is_cut_off_takes_its_program_with_it(tmp_path: Path) -> None:
    looking = gevent.spawn(plugin(tmp_path, "trap '' TERM; sleep 60").look)
    until(lambda: bool(ours()))
    files = descriptors()
    looking.kill()
    assert not ours()
    assert descriptors() < files


def test_many_at_once_leave_nothing_and_hold_nobody_up(tmp_path: Path) -> None:
    probe = plugin(tmp_path, "echo here; sleep 0.3")
    probe.look()
    files = descriptors()
    looks = calmly(lambda: [one.get() for one in [gevent.spawn(probe.look) for _ in range(40)]])
    assert all(one.is_well for one in looks)
    assert not ours()
    until(lambda: descriptors() <= files)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"command": ()}, "command is empty"),
        ({"command": ("",)}, "command is empty"),
        ({"command": ("check_disk",)}, "no full path"),
        ({"command": ("/bin/true", "a\0b")}, "zero byte"),
        ({"cwd": "here"}, "cwd is no full path"),
        ({"env": {"A=B": Secret("x")}}, "'A=B' cannot be set"),
        ({"env": {"PATH": Secret("x")}}, "'PATH' cannot be set"),
        ({"env": {"A": Secret("x\0")}}, "the value of A holds a zero byte"),
    ],
)
def test_what_can_never_be_run_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Command(**({"command": (sys.executable,)} | wrong))  # type: ignore[arg-type]
