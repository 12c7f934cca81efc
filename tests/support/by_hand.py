"""Plays a timeline against tocsin's own functions on a store, with time turned by hand: nothing is left to chance."""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon import loading
from daemon.alerting.due import next_due
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.event import Event, State
from daemon.notice import Notice
from daemon.store import leases, notices, outbox, silences
from daemon.store.base import Tx
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from hearing import Hearing
from side_by_side import Told, configuration, receivers, split, take
from timelines import Timeline

CHANNEL = "room"


def play_by_hand(timeline: Timeline, store: SqliteStore, home: Path, unit: float) -> list[Told]:
    """Take the steps at their instants and do what is due in between; return everything that was told."""
    side = ByHand(Hearing(store, settings_for((timeline,), home, unit)))
    for step in sorted(timeline.steps, key=lambda step: step.at):
        side.to(step.at * unit)
        take(side, timeline.name, step, unit)
        side.deliver()
    side.to(timeline.lasts * unit)
    return side.notices(BEGIN, unit)


def settings_for(timelines: tuple[Timeline, ...], home: Path, unit: float) -> Settings:
    """Have the timelines' configuration read as tocsind reads one."""
    config = tocsin_configuration(timelines, unit, {"type": "console"})
    (home / "timelines.yml").write_text(json.dumps(config))
    return load(home / "timelines.yml", loading.catalog, {}).settings


def tocsin_configuration(
    timelines: tuple[Timeline, ...], unit: float, channel: Mapping[str, object]
) -> dict[str, object]:
    """The same words as for Alertmanager; its receivers all tell one channel."""
    return {
        **configuration(timelines, unit),
        "channels": {CHANNEL: channel},
        "receivers": [
            {"name": name, "notify": [] if name == "nobody" else [{"by": [CHANNEL], "send_resolved": wants}]}
            for name, wants in receivers(timelines).items()
        ],
    }


class ByHand:
    """Implements side_by_side.Side. What is put into the outbox counts as delivered at once."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._silences: dict[str, silences.Silence] = {}

    def to(self, seconds: float) -> None:
        """Go there, one due instant after the other."""
        while (due := self._hearing.store.read(next_due)) is not None and due <= BEGIN + seconds:
            self._hearing.to(due - BEGIN)
            self.deliver()
        self._hearing.to(seconds)

    def push(self, labels: Mapping[str, str], *, firing: bool, began: float) -> None:
        now = self._hearing.now
        self._hearing.take(
            Event(
                source="timelines",
                title=labels["alertname"],
                state=State.FIRING if firing else State.RESOLVED,
                labels=dict(labels),
                started_at=now - began if firing else None,
                ended_at=None if firing else now,
            )
        )

    def silence(self, name: str, matchers: Mapping[str, str], seconds: float) -> None:
        begin = self._hearing.now - BEGIN
        texts = [f'{label}="{value}"' for label, value in matchers.items()]
        self._silences[name] = self._hearing.silence(*texts, start=begin, end=begin + seconds)

    def expire(self, name: str) -> None:
        now, silence = self._hearing.now, self._silences[name]
        self._hearing.store.write(lambda tx: _ended(tx, silence, now))

    def notices(self, begin: float, unit: float) -> list[Told]:
        return [told(one, (one.at - begin) / unit) for one in self._hearing.store.read(_said)]

    def deliver(self) -> None:
        """Settle what the outbox holds."""
        now = self._hearing.now
        self._hearing.store.write(lambda tx: _delivered(tx, now))


def told(notice: Notice, at: float) -> Told:
    """See a notice as every side shows its own."""
    by_state = {
        state.value: frozenset(alert.labels["alertname"] for alert in notice.alerts if alert.state is state)
        for state in State
    }
    return Told(at, *split(notice.receiver), **by_state)


def _said(tx: Tx) -> list[Notice]:
    rows = tx.all(f"SELECT {', '.join(notices.SELECTED)} FROM notices n ORDER BY n.id")
    return [notices.notice(row) for row in rows]


def _delivered(tx: Tx, now: float) -> None:
    for claimed in leases.claim(tx, CHANNEL, now, lease=60.0, limit=100).claimed:
        outbox.sent(tx, claimed.delivery, "", "", now)


def _ended(tx: Tx, silence: silences.Silence, now: float) -> None:
    silences.replace(tx, msgspec.structs.replace(silence, ends_at=now, updated_at=now))
