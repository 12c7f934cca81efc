"""Whatever happens in whatever order: nobody is told early, twice, or of what is in hand, and no instant is missing."""

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from daemon.alerting.audit import findings, rows
from daemon.config.audience import Route
from daemon.config.settings import Settings
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN
from responding import STEPS, Story, settings

pytestmark = pytest.mark.slow

ROOT = {"repeat_interval": Seconds(1_000), "group_wait": Seconds(20), "group_interval": Seconds(50)}
DB = Route(receiver="db", matchers=parse('team="db"'), continue_=True)
OPS = Route(receiver="ops", matchers=parse('team="db"'))


def config(*routes: Route, steps: bool = True) -> Settings:
    return settings(*routes, root=ROOT, steps=STEPS if steps else ())


ACTS: dict[str, Callable[[Story], object]] = {
    "a": lambda story: story.fires("a", labels={"team": "db"}),
    "b": lambda story: story.fires("b"),
    "end a": lambda story: story.ends("a"),
    "end b": lambda story: story.ends("b"),
    "ack 1": lambda story: story.ack(1, lasting=700),
    "ack 2": lambda story: story.ack(2, by="wu", lasting=60),
    "ack 3": lambda story: story.ack(3, by="stranger", lasting=2_000),
    "unack 1": lambda story: story.unack(1),
    "unack 3": lambda story: story.unack(3),
    "silence": lambda story: story.silence('team="db"', start=story.now - BEGIN, end=story.now - BEGIN + 400),
    "two routes": lambda story: story.reconfigure(config(DB, OPS)),
    "one route": lambda story: story.reconfigure(config()),
    "no steps": lambda story: story.reconfigure(config(steps=False)),
    "restart": lambda story: story.restart(),
    "delivered": lambda story: story.delivers(),
}
acts = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from([0, 7, 33, 130, 390, 1_100])), max_size=14)
count = itertools.count()


@given(acts)
@trials(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_all_is_told_in_its_time(tmp_path: Path, happens: list[tuple[str, int]]) -> None:
    story = Story(SqliteStore(tmp_path / f"{next(count)}.db"), config())
    try:
        for act, pause in [("a", 33), ("b", 0), *happens]:
            ACTS[act](story)
            story.to(story.now - BEGIN + pause)
            all_is_sound(story)
        nobody_is_told_twice(story)
        for key in ("a", "b"):
            story.ends(key)
        story.to(story.now - BEGIN + 5_000)
        nothing_is_left(story)
    finally:
        story.store.close()


def all_is_sound(story: Story) -> None:
    """The auditor finds nothing, and whatever is acknowledged waits."""
    now, rules = story.now, story.rules
    found = story.store.read(lambda tx: rows(tx, now))
    assert not findings(found, lambda one: rules.node(one.group.node, one.group.receiver) is not None)
    for alert_id in range(1, 12):
        if story.acked(alert_id):
            assert [ladder.next_at for ladder in story.ladders(alert_id) if ladder.next_at is not None] == []


def nobody_is_told_twice(story: Story) -> None:
    """Each step of each alert once, never sooner after the one before than it was configured, and in order."""
    for alert_id in range(1, 12):
        told = Counter[str]()
        before: dict[str, float] = {}
        for notice in story.notices(alert_id):
            if notice.reason is not Reason.ESCALATED:
                continue
            number = int(notice.note.partition("step ")[2][0])
            told[f"{notice.receiver} {number}"] += 1
            gap = STEPS[number - 1].after - (STEPS[number - 2].after if number > 1 else 0)
            assert notice.at - before.get(notice.receiver, 0.0) >= gap
            before[notice.receiver] = notice.at
            assert told[f"{notice.receiver} {number - 1}"] == (1 if number > 1 else 0)
        assert set(told.values()) <= {1, 0}, told


def nothing_is_left(story: Story) -> None:
    """When all is over no timer is left, nobody has anything in hand, and nothing escalates."""
    assert story.store.read(lambda tx: alerts.all_open(tx, 0, 100)) == []
    assert story.store.read(lambda tx: tx.all("SELECT * FROM timers WHERE kind IN ('ack', 'escalation')")) == []
    assert story.store.read(lambda tx: tx.all("SELECT * FROM acks")) == []
    assert story.store.read(lambda tx: tx.all("SELECT * FROM escalations WHERE state = 'running'")) == []
