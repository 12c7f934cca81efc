"""tocsin's own alarms at the intake: broken handlers, nobody to tell, what can be told in no other way."""

from collections.abc import Iterator

import pytest

from daemon import internal
from daemon.alert import Alert
from daemon.alerting import own
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.audience import Receiver, Route
from daemon.config.settings import Settings, Source
from daemon.errors import HandlerBroken, HandlerError, StoreUnavailable
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.internal import Check
from daemon.matcher import parse
from daemon.registry import Handle, Handler
from daemon.store import alerts, quarantine
from daemon.store.base import Tx
from daemon.store.quarantine import Kind
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from made import event, settings, source

HOOK = Hook(source="shop", body=b'{"events": [{"key": "a"}]}')


class Door:
    """An intake whose sources can be changed, and what came to its last resort."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.store = store
        self.settings = settings()
        self.last: list[tuple[str, str, Severity]] = []
        self.intake = Intake(
            store, clock, lambda: Rules(self.settings), lambda key, _, text, how: self.last.append((key, text, how))
        )

    def handled_by(self, handle: Handle) -> Source:
        made = Source(name="shop", handler=Handler(name="shop-format", handle=handle, samples={}))
        self.settings = settings(sources={"shop": made})
        return made

    def alarms(self, state: State | None = None) -> list[Alert]:
        return self.store.read(lambda tx: alerts.newest(tx, state=state, source="tocsin"))

    def alert(self, **more: object) -> Alert:
        (accepted,) = self.intake.events([event(**more)])
        found = self.store.read(lambda tx: alerts.get(tx, int(accepted.code[1:])))
        assert found is not None
        return found


@pytest.fixture
def door(store: SqliteStore, clock: FakeClock) -> Door:
    return Door(store, clock)


def stumbles(_: Hook) -> Iterator[Event]:
    yield Event(source="x", key="good", title="good")
    raise KeyError("password=canary")


def makes_nonsense(_: Hook) -> list[Event]:
    return [5]  # type: ignore[list-item]


def makes_nothing(_: Hook) -> list[Event]:
    return None  # type: ignore[return-value]


def goes_on(_: Hook) -> Iterator[Event]:
    while True:
        yield Event(source="x", title="and again")


def calls_itself(hook: Hook) -> list[Event]:
    return calls_itself(hook)


@pytest.mark.parametrize("handle", [stumbles, makes_nonsense, makes_nothing, calls_itself])
def test_a_handler_that_raises_anything_but_a_refusal_is_broken_and_says_where(door: Door, handle: Handle) -> None:
    with pytest.raises(HandlerBroken, match="the handler 'shop-format' is broken") as caught:
        door.intake.take(door.handled_by(handle), HOOK)
    assert "canary" not in str(caught.value)
    if handle is stumbles:
        line = stumbles.__code__.co_firstlineno + 2
        assert str(caught.value).endswith(f"test_own_alarms.py:{line}: KeyError")
    assert door.store.read(alerts.newest) == [], "all of a body or nothing"


def test_a_handler_that_makes_events_without_end_is_stopped_and_its_body_refused(door: Door) -> None:
    with pytest.raises(HandlerError, match="more than 5000"):
        door.intake.take(door.handled_by(goes_on), HOOK)


def test_a_body_that_a_handler_rightly_refuses_is_no_broken_handler(door: Door) -> None:
    with pytest.raises(HandlerError) as caught:
        door.intake.take(door.settings.sources["shop"], Hook(source="shop", body=b"{"))
    assert not isinstance(caught.value, HandlerBroken)


def test_a_broken_handler_is_one_alarm_until_what_it_broke_on_is_replayed(door: Door) -> None:
    door.handled_by(stumbles)
    for _ in range(3):
        door.intake.refuse(HOOK, Kind.BROKEN_HANDLER, "the handler is broken at x.py:7: KeyError", "192.0.2.7")
    (alarm,) = door.alarms()
    assert (alarm.key, alarm.severity, alarm.count) == ("handler:shop-format", Severity.ERROR, 3)
    assert alarm.labels["check"] == "handler"
    assert alarm.labels["handler"] == "shop-format"
    assert "x.py:7" in alarm.text
    kept = door.store.read(lambda tx: quarantine.get(tx, 1))
    assert kept is not None
    with pytest.raises(HandlerBroken):
        door.intake.replay(kept)
    assert door.alarms(State.FIRING)
    door.handled_by(source("shop").handler.handle)
    door.intake.replay(kept)
    assert door.alarms(State.FIRING) == []


def test_a_replay_of_what_was_refused_for_another_reason_ends_no_such_alarm(door: Door) -> None:
    door.intake.alarm(Check.HANDLER, "made", title="broken", text="")
    door.intake.refuse(HOOK, Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    kept = door.store.read(lambda tx: quarantine.get(tx, 1))
    assert kept is not None
    door.intake.replay(kept)
    assert "handler:made" in [alarm.key for alarm in door.alarms(State.FIRING)]


def test_refusals_are_named_by_their_kind_and_whom_they_are_about(door: Door) -> None:
    door.intake.refuse(HOOK, Kind.BAD_CREDENTIALS, "no", "192.0.2.7")
    door.intake.refuse(Hook(source="guess", body=b""), Kind.UNKNOWN_SOURCE, "no", "192.0.2.7")
    stranger, known = (alarm.labels for alarm in door.alarms())
    assert known["check"] == stranger["check"] == "refused"
    assert (known["kind"], known["refused"]) == ("bad_credentials", "shop")
    assert (stranger["kind"], stranger["refused"]) == ("unknown_source", "unknown sources")


def test_nobody_to_tell_is_an_alarm_once_a_minute_for_each_receiver(door: Door, clock: FakeClock) -> None:
    alert = door.alert()
    for _ in range(50):
        door.intake.nobody("night", alert, "nobody is on call")
    door.intake.nobody("day", alert, "lin has no phone")
    clock.advance(61)
    door.intake.nobody("night", alert, "nobody is on call")
    counts = {alarm.key: alarm.count for alarm in door.alarms()}
    assert counts == {"nobody:night": 2, "nobody:day": 1}
    assert "nobody is on call" in door.alarms()[-1].text
    assert door.last == []


def test_an_own_alarm_that_has_nobody_to_tell_goes_to_the_last_resort_and_makes_no_alarm(door: Door) -> None:
    door.intake.alarm(Check.NOBODY, "night", title="nobody", text="x")
    (alarm,) = door.alarms()
    door.intake.nobody("night", alarm, "nobody is on call")
    assert door.last == [("nobody:night", "x (night is nobody: nobody is on call)", Severity.ERROR)]
    assert len(door.alarms()) == 1


def test_an_alarm_that_the_store_does_not_take_goes_to_the_last_resort(door: Door) -> None:
    door.store._writer.execute("PRAGMA query_only = ON")
    door.intake.alarm(Check.DISK_FREE, title="nearly full", text="5 MB are left")
    door.intake.alarm_over(Check.DISK_FREE)
    ((key, text, severity),) = door.last
    assert (key, severity) == ("disk_free", Severity.ERROR)
    assert text.startswith("5 MB are left (it could not be raised: ")
    door.store._writer.execute("PRAGMA query_only = OFF")


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), StoreUnavailable("the disk says no")])
def test_whatever_happens_to_an_alarm_its_caller_goes_on(
    door: Door, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(_: object) -> None:
        raise error

    monkeypatch.setattr(door.store, "write", broken)
    door.intake.alarm(Check.CLOCK, title="jumped", text="")
    door.intake.alarm_over(Check.CLOCK)
    assert [key for key, _, _ in door.last] == ["clock"]


def test_what_pushes_out_requests_of_known_sources_is_counted_and_strangers_are_not(door: Door) -> None:
    limits = {"retention": type(door.settings.retention)(quarantine_rows=2)}
    door.settings = settings(**limits)
    for kind in Kind:
        for _ in range(5):
            door.intake.refuse(HOOK, kind, "no", "192.0.2.7")
    assert door.intake.pushed_out == 3 * sum(kind.of_known_sources for kind in Kind)

    def waiting(tx: Tx) -> int:
        return quarantine.count_known(tx)

    assert door.store.read(waiting) == 2 * sum(kind.of_known_sources for kind in Kind)


def routed(*routes: Route, **receivers: Receiver) -> Settings:
    known = settings().receivers | receivers
    return settings(receivers=known, route=Route(receiver="ops", routes=routes))


def test_own_alarms_take_the_route_of_their_source_and_kind() -> None:
    config = routed(
        Route(receiver="db", matchers=parse('source="tocsin", check=~"breaker|dead"')),
        Route(receiver="quiet", matchers=parse('source="tocsin", severity="warning"')),
    )
    heard = {check: own.hearing(config, check) for check in Check}
    assert heard[Check.BREAKER] == heard[Check.DEAD] == ["db"]
    assert heard[Check.HUB_LAG] == ["quiet"]
    assert heard[Check.STORE] == ["ops"]


def test_a_configuration_under_which_own_alarms_tell_nobody_is_taken_with_a_warning() -> None:
    assert own.unheard(settings()) == []
    quiet = Route(receiver="quiet", matchers=parse('check="clock"'))
    assert own.unheard(routed(quiet))[0].startswith("alarms about tocsin itself (clock) tell nobody")
    beside = Route(receiver="quiet", matchers=parse('check="clock"'), continue_=True)
    assert own.unheard(routed(beside, Route(receiver="ops"))) == []
    assert "(all)" in own.unheard(settings(route=Route(receiver="quiet")))[0]


def test_every_kind_is_accepted_and_takes_the_label_by_which_it_is_routed(door: Door) -> None:
    for check in Check:
        door.intake.alarm(check, *internal.KINDS[check].about, title="x", text="")
    assert {alarm.labels["check"] for alarm in door.alarms()} == set(Check)
