"""A sign of life to somebody outside: given while all is well, withheld while it is not."""

import json
from collections.abc import Iterator

import pytest

from daemon import telemetry
from daemon.alert import Alert
from daemon.config.proof import DeadMan
from daemon.config.settings import Settings
from daemon.event import Severity, State
from daemon.proof.deadman import Signs, unwell
from daemon.secret import Secret
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from delivering import alert_of
from fake_clock import BEGIN, FakeClock, settle
from fake_provider import FakeProvider, drop, say
from until import until

CANARY = "c4n4ry-5ecret"


class Outside:
    """Signs to a fake of somebody outside."""

    def __init__(self, clock: FakeClock) -> None:
        self.provider = FakeProvider().start()
        self.clock = clock
        self.why: list[str] = []
        self.aim(60.0)
        self.signs = Signs(lambda: self.settings, clock, lambda: self.why, "3f2a9c1e")

    def aim(self, every: float) -> None:
        one = DeadMan(url=Secret(f"{self.provider.url}/{CANARY}"), every=Seconds(every), token=Secret(CANARY))
        self.settings = Settings(dead_man=(one,))

    def heard(self, count: int) -> bool:
        until(lambda: len(self.provider.requests) >= count)
        settle()
        return len(self.provider.requests) == count


@pytest.fixture
def outside(clock: FakeClock) -> Iterator[Outside]:
    made = Outside(clock)
    yield made
    made.signs.stop()
    made.provider.stop()


def test_a_sign_is_given_at_once_and_then_on_its_beat(outside: Outside) -> None:
    outside.signs.start()
    assert outside.heard(1)
    outside.clock.advance(60.0)
    assert outside.heard(2)
    asked = outside.provider.requests[0]
    assert asked.target == f"/{CANARY}"
    assert asked.headers["authorization"] == f"Bearer {CANARY}"
    assert json.loads(asked.body) == {"src": "tocsin", "name": "3f2a9c1e", "at": BEGIN, "every": 60.0}


def test_none_is_given_while_something_is_wrong(outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    outside.why = ["channel sms: no connection"]
    outside.signs.start()
    settle()
    outside.clock.advance(60.0)
    settle()
    assert telemetry.dead_man.labels("withheld")._value.get() >= 2
    assert not outside.provider.requests
    assert caplog.text.count("no connection") == 1
    assert CANARY not in caplog.text
    outside.why = []
    outside.clock.advance(60.0)
    assert outside.heard(1)


@pytest.mark.parametrize("step", [drop, say(500), say(404)])
def test_one_that_fails_does_not_end_the_others(
    outside: Outside, step: object, caplog: pytest.LogCaptureFixture
) -> None:
    outside.provider.then(step, say(200))  # type: ignore[arg-type]
    outside.signs.start()
    assert outside.heard(1)
    until(lambda: "could not be given" in caplog.text)
    outside.clock.advance(60.0)
    assert outside.heard(2)
    assert CANARY not in caplog.text


def test_a_reload_goes_over_to_other_addresses(outside: Outside) -> None:
    outside.signs.start()
    assert outside.heard(1)
    outside.signs.reload()
    outside.aim(10.0)
    outside.signs.reload()
    assert outside.heard(2)
    outside.clock.advance(10.0)
    assert outside.heard(3)


def own(**more: object) -> Alert:
    return alert_of(BEGIN, source="tocsin", state=State.FIRING, **more)


def test_all_that_keeps_tocsin_from_telling_is_named(store: SqliteStore) -> None:
    assert unwell(store, {}, "") == []
    assert unwell(store, {"sms": "no receipt"}, "starting") == ["starting", "channel sms: no receipt"]
    store.write(lambda tx: alerts.add(tx, own(severity=Severity.WARNING, title="late", fingerprint="1")))
    assert unwell(store, {}, "") == []
    store.write(lambda tx: alerts.add(tx, own(severity=Severity.ERROR, title="Channel sms is down", fingerprint="2")))
    assert unwell(store, {}, "") == ["Channel sms is down"]
