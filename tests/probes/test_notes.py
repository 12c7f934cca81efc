"""What kinds remember lies in a store, where anything may happen to it: spoilt notes are as good as none."""

import time
from pathlib import Path

import msgspec
import pytest

from daemon.probes.base import Probe
from daemon.probes.heartbeat import Heartbeat
from daemon.probes.lags.lag import Offsets, Rules, judged, recalled, remembered
from daemon.probes.load import Load
from daemon.probes.log import Log
from daemon.probes.machine import standing
from daemon.probes.machine.supervision import RUNNING, Program
from daemon.probes.process import Process
from daemon.reading import Past, Sign, SignKind
from daemon.secret import Secret

NOW = time.time()
START = Sign(kind=SignKind.START, at=NOW - 5, run="a", body=b"begun")


def spoilt(notes: bytes) -> list[bytes]:
    """With each byte one that stands in no text, and cut off behind it."""
    assert notes
    places = range(len(notes))
    return [*(notes[:at] + b"\xff" + notes[at + 1 :] for at in places), *(notes[:at] for at in places)]


@pytest.mark.parametrize("kind", ["load", "log", "process"])
def test_no_look_breaks_on_notes_that_were_spoilt(kind: str, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("begun\n")
    probe: Probe = {"load": Load(), "log": Log(path=str(log), most=5), "process": Process(name="python")}[kind]
    notes = probe.look_on(Past(now=NOW)).notes or b""
    log.write_text("begun\nwritten\n")
    notes = probe.look_on(Past(now=NOW, notes=notes)).notes or b""
    for one in spoilt(notes):
        assert probe.look_on(Past(now=NOW, notes=one)).detail


def test_no_call_is_lost_to_notes_that_were_spoilt() -> None:
    probe = Heartbeat(key=Secret("k" * 16))
    for one in spoilt(probe.heard(b"", START)):
        assert probe.look_on(Past(now=NOW, notes=one)).detail
        ended = probe.heard(one, Sign(kind=SignKind.SUCCESS, at=NOW))
        assert probe.look_on(Past(now=NOW, notes=ended)).is_well


def test_programs_and_partitions_are_seen_anew_where_notes_were_spoilt() -> None:
    program = Program(name="a", group="b", state=RUNNING, state_name="RUNNING", start=5, now=9)
    for one in spoilt(msgspec.msgpack.encode(standing.noted({}, [program], NOW, 60))):
        assert standing.noted(standing.recalled(one), [program], NOW, 60)
    seen, rules = [Offsets("group", "topic", 0, 5, 9)], Rules(window=60)
    for one in spoilt(remembered(judged(seen, {}, {}, rules, NOW), {}, rules, NOW)):
        assert judged(seen, {}, recalled(one, NOW), rules, NOW)
