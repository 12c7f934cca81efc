"""Words that come late, or again: what may end an alert, and what may open one that nobody would end.

Hours are written from BEGIN on: what came at 1 and waited in quarantine is fed through again long after.
"""

import pytest

from daemon import housekeeping
from daemon.alerting import pipeline
from daemon.alerting.dedupe import Change, change
from daemon.alerting.intake import Intake
from daemon.alerting.pipeline import Accepted
from daemon.alerting.rules import Rules
from daemon.config.retention import Retention
from daemon.event import Event, State
from daemon.hook import Hook
from daemon.notice import Reason
from daemon.store import alerts, ends, notices, outbox, quarantine
from daemon.store.ends import End
from daemon.store.quarantine import Kind, Quarantined
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN, FakeClock
from made import event, settings

HOUR = 3_600.0
NIGHT = 24


def at(hour: float) -> float:
    return BEGIN + hour * HOUR


def fires(since: float | None = None) -> Event:
    return event(started_at=None if since is None else at(since))


def ends_at(since: float | None = None, until: float | None = None) -> Event:
    began, ended = (None if hour is None else at(hour) for hour in (since, until))
    return event(state=State.RESOLVED, started_at=began, ended_at=ended)


class Story:
    """What came, by the hour; one request of the source waits in quarantine from the start."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        waiting = Quarantined(
            at=BEGIN, kind=Kind.UNUSABLE_BODY, source="shop", reason="", remote="", content_type="",
            headers={}, query={}, body=b"", size=0,
        )  # fmt: skip
        self.waiting, _ = store.write(lambda tx: quarantine.add(tx, waiting, 100, 100))

    def live(self, hour: float, one: Event) -> Accepted:
        return self._accept(one, at(hour), None)

    def replayed(self, hour: float, one: Event) -> Accepted:
        """Feed it through again at night; it came at that hour."""
        return self._accept(one, at(NIGHT), at(hour))

    def _accept(self, one: Event, now: float, heard: float | None) -> Accepted:
        rules = Rules(settings())
        (accepted,) = self.store.write(lambda tx: pipeline.accept(tx, [one], rules, now, heard)).accepted
        return accepted


@pytest.fixture
def story(store: SqliteStore) -> Story:
    return Story(store)


def test_an_end_that_was_followed_by_a_new_alarm_does_not_end_that_one(story: Story) -> None:
    story.live(3, fires())
    before = story.store.read(lambda tx: alerts.get(tx, 1))
    stale = story.replayed(2, ends_at())
    assert stale == Accepted(code="A1", source="shop", change=Change.STALE)
    assert story.store.read(lambda tx: alerts.get(tx, 1)) == before
    assert [notice.reason for notice in story.store.read(lambda tx: notices.of_alert(tx, 1))] == [Reason.FIRST]
    assert len(story.store.read(outbox.newest)) == 1
    trace = story.store.read(lambda tx: alerts.traces(tx, 1))[-1]
    assert [(step.stage, step.verdict) for step in trace.steps] == [("dedupe", "stale")]


def test_nor_when_it_has_only_fired_on_since(story: Story) -> None:
    story.live(1, fires())
    story.live(3, fires())
    assert story.replayed(2, ends_at()).change is Change.STALE


def test_an_end_after_which_nothing_was_heard_ends_the_alert_at_its_own_time(story: Story) -> None:
    story.live(1, fires())
    assert story.replayed(2, ends_at()).change is Change.RESOLVED
    alert = story.store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.ended_at, alert.last_seen) == (at(2), at(2))


def test_a_beginning_and_its_end_that_both_waited_are_one_episode(story: Story) -> None:
    assert story.replayed(1, fires()).change is Change.NEW
    assert story.replayed(2, ends_at()).change is Change.RESOLVED
    alert = story.store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.first_seen, alert.started_at, alert.ended_at) == (at(1), at(1), at(2))


def test_an_old_alarm_is_counted_but_is_not_the_last_word_about_an_open_one(story: Story) -> None:
    story.live(3, fires())
    assert story.replayed(1, fires()).change is Change.REPEAT
    alert = story.store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.count, alert.last_seen) == (2, at(3))


def test_an_alarm_whose_end_came_meanwhile_opens_nothing_although_that_end_ended_nothing(story: Story) -> None:
    assert story.live(2, ends_at()).change is Change.NOT_OPEN
    assert story.replayed(1, fires()) == Accepted(code="", source="shop", change=Change.STALE)
    assert story.store.read(alerts.newest) == []


def test_nor_when_that_end_ended_an_alert(story: Story) -> None:
    story.live(2, fires())
    story.live(3, ends_at())
    assert story.replayed(1, fires()).change is Change.STALE


def test_nor_when_that_end_was_replayed_before_it(story: Story) -> None:
    story.replayed(2, ends_at())
    assert story.replayed(1, fires()).change is Change.STALE


def test_an_alarm_that_came_after_the_last_end_opens_an_alert(story: Story) -> None:
    story.live(1, ends_at())
    assert story.replayed(2, fires()).change is Change.NEW


def test_an_older_end_does_not_take_the_place_of_a_later_one(story: Story) -> None:
    story.live(4, ends_at())
    story.replayed(2, ends_at())
    assert story.replayed(3, fires()).change is Change.STALE


def test_an_alarm_that_by_its_sources_word_began_after_that_end_opens_an_alert(story: Story) -> None:
    story.live(3, ends_at(since=0.1, until=0.5))  # the end of an earlier episode, that was long on its way
    assert story.replayed(2, fires(since=1)).change is Change.NEW


def test_what_comes_now_is_an_alarm_whatever_times_it_states(story: Story) -> None:
    # Alertmanager gives an alert up when it hears no more of it, and takes it up again with the start that it had.
    story.live(1, fires(since=0.5))
    story.live(3, ends_at(since=0.5, until=3))
    assert story.live(4, fires(since=0.5)).change is Change.NEW


def test_an_end_that_comes_now_does_not_end_what_by_its_sources_word_began_later(story: Story) -> None:
    story.live(3, fires(since=2))
    assert story.live(3.5, ends_at(since=0.5, until=1)).change is Change.STALE
    assert story.live(4, ends_at(since=2, until=3)).change is Change.RESOLVED


@pytest.mark.parametrize(
    ("firing", "end"),
    [
        (fires(), ends_at(since=0.5, until=1)),  # when it began is our word, not the source's
        (fires(since=30), ends_at(since=0.5, until=1)),  # the source's clock is ahead of ours: we cannot know
        (fires(since=2), ends_at(until=1)),  # a clock that is wrong, or another episode: nobody can tell
        (fires(since=2), ends_at(since=1.5, until=1)),  # it ended before it began
        (fires(since=2), ends_at(since=1, until=2)),  # one that went over into the other
        (fires(since=2), ends_at()),
    ],
)
def test_without_the_sources_own_word_for_it_an_end_is_an_end(story: Story, firing: Event, end: Event) -> None:
    story.live(3, firing)
    assert story.live(4, end).change is Change.RESOLVED


def test_ends_are_remembered_only_while_something_of_their_source_waits(story: Story) -> None:
    def remembered() -> list[tuple[str]]:
        return story.store.read(lambda tx: tx.all("SELECT fingerprint FROM ends"))

    story.live(1, event(source="another", state=State.RESOLVED))
    assert remembered() == []
    story.live(1, ends_at())
    assert remembered() == [(fires().fingerprint(),)]
    story.store.write(lambda tx: quarantine.replayed(tx, story.waiting, at(2)))
    story.live(2, ends_at(until=1.5))
    assert story.store.read(lambda tx: ends.last(tx, fires().fingerprint())) == End(heard_at=at(1), ended_at=None)
    housekeeping.forget_old(story.store, Retention(quarantine=Seconds(HOUR)), at(2))
    assert remembered() != []
    housekeeping.forget_old(story.store, Retention(quarantine=Seconds(HOUR)), at(2.5))
    assert remembered() == []


def test_the_decision_needs_no_store() -> None:
    end = End(heard_at=at(2), ended_at=None)
    assert change(None, fires(), heard=at(1), end=end) is Change.STALE
    assert change(None, fires(), heard=at(2), end=end) is Change.NEW
    assert change(None, fires(), heard=at(1)) is Change.NEW


def test_a_stale_end_of_a_request_that_waited_leaves_the_live_alert_alone(store: SqliteStore, clock: FakeClock) -> None:
    sources = {}
    door = Intake(store, clock, lambda: Rules(settings(sources=sources)))
    for state in ("firing", "resolved"):
        body = b'{"events": [{"key": "k1", "state": "%s"}]}' % state.encode()
        door.refuse(Hook(source="shop", body=body), Kind.UNKNOWN_SOURCE, "no such source", "192.0.2.7")
        clock.advance(60)
    sources |= settings().sources
    (live,) = door.take(sources["shop"], Hook(source="shop", body=b'{"events": [{"key": "k1"}]}'))
    outcomes = []
    for request_id in (1, 2):
        kept = store.read(lambda tx, wanted=request_id: quarantine.get(tx, wanted))
        assert kept is not None
        outcomes += door.replay(kept)
    assert [(one.code, one.change) for one in outcomes] == [(live.code, Change.REPEAT), (live.code, Change.STALE)]
    assert store.read(quarantine.count) == 0
