"""config.replay: what another configuration would have told of the alerts that there were."""

from dataclasses import replace

import pytest

from daemon import internal
from daemon.alerting.rules import Rules
from daemon.cli.commands import command
from daemon.config.audience import Leg, Receiver, Route
from daemon.config.settings import Settings
from daemon.event import Event, Severity
from daemon.matcher import parse
from daemon.methods import replay
from daemon.methods.table import INVALID_PARAMS, NOT_ALLOWED, REFUSED, Caller
from daemon.store.base import Tx
from daemon.units import Seconds
from fake_parts import EVERYTHING, Desk, Said
from hearing import Hearing
from made import settings

NEW = "new.yml"


class Past(Hearing):
    """What has happened, and what is asked about it."""

    def __init__(self, desk: Desk) -> None:
        desk.settings = settings()
        super().__init__(desk.store, desk.settings)
        self.desk = desk

    def replayed(self, other: Settings | None = None, **params: object) -> dict[str, object]:
        self.desk.clock.advance(self.now - self.desk.clock.now())
        if other is not None:
            self.desk.others[NEW] = other
        found: dict[str, object] = self.desk.ask("config.replay", path=NEW, **params)
        return found

    def rows(self) -> list[int]:
        tables = ("alerts", "notices", "deliveries", "trace", "groups", "members", "timers", "silences")

        def count(tx: Tx) -> list[int]:
            return [tx.all(f"SELECT count(*) FROM {name}")[0][0] for name in tables]

        return self.store.read(count)


@pytest.fixture
def past(desk: Desk) -> Past:
    return Past(desk)


def figures(found: dict[str, object]) -> dict[str, object]:
    names = ("alerts", "differing", "receivers_changed", "people_changed", "unheard", "newly_heard")
    return {name: found[name] for name in names if found[name]}


def test_the_same_configuration_tells_the_same(past: Past) -> None:
    past.fires("k1", "k2", labels={"team": "db"})
    past.to(60).ends("k1")
    found = past.to(120).replayed(past.rules.settings)
    assert figures(found) == {"alerts": 2}
    assert (found["notices"], found["messages"]) == ([3, 3], [6, 6])
    assert found["differences"] == found["cut"] == []
    assert command("config replay").show(found).endswith("nothing would differ\n")


def test_what_is_replayed_is_what_was_really_told(past: Past) -> None:
    """By the configuration that was in force all the time."""
    past.rules = Rules(past.desk.settings)
    past.fires("k1", severity=Severity.WARNING)
    past.to(30).fires("k1", severity=Severity.CRITICAL)
    past.to(40).fires("k2", labels={"team": "db"})
    past.store.write(lambda tx: tx.run("UPDATE deliveries SET phase = 'sent'"))
    past.to(90).ends("k1")
    past.to(15_000)  # over one repeat of what still fires
    really = len(past.said())
    assert really == 5
    assert past.replayed(past.desk.settings)["notices"] == [really, really]


def test_nothing_is_written_and_nothing_is_sent(past: Past) -> None:
    past.fires("k1", labels={"team": "db"})
    before = past.rows()
    past.replayed(replace(past.desk.settings, route=Route(receiver="ops")))
    assert past.rows() == before


def test_a_changed_route_names_who_heard_and_who_would(past: Past) -> None:
    past.fires("k1", labels={"team": "db"})
    past.fires("k2")
    other = replace(past.desk.settings, route=replace(past.desk.settings.route, routes=()))
    found = past.to(10).replayed(other)
    assert figures(found) == {"alerts": 2, "differing": 1, "receivers_changed": 1, "people_changed": 1}
    (one,) = found["differences"]  # type: ignore[misc]
    assert (one["code"], one["receivers"]) == ("A1", [["db"], ["ops"]])
    assert one["people"] == [["lin by sms", "wang by sms"], ["the room by room"]]
    assert found["messages"] == [3, 2]
    shown = command("config replay").show(found)
    assert "  1 alert would change receiver\n" in shown
    assert "  1 message fewer: 3 -> 2\n" in shown
    assert "\nA1 k1\n  receivers: db -> ops\n  people: lin by sms, wang by sms -> the room by room\n" in shown


def test_an_alert_of_which_nobody_would_hear_is_bad_news_and_stands_first(past: Past) -> None:
    past.fires("k1")
    past.fires("k2", labels={"team": "db"})
    route = Route(
        receiver="ops",
        group_by=("...",),
        group_wait=Seconds(0),
        routes=(Route(receiver="quiet", matchers=parse("team=db")),),
    )
    receivers = {**past.desk.settings.receivers, "ops": Receiver(name="ops", notify=(Leg(by=("sms",), to=("lin",)),))}
    found = past.to(10).replayed(replace(past.desk.settings, route=route, receivers=receivers))
    assert figures(found) == {
        "alerts": 2, "differing": 2, "receivers_changed": 1, "people_changed": 2, "unheard": 1,
    }  # fmt: skip
    assert [one["code"] for one in found["differences"]] == ["A2", "A1"]  # type: ignore[attr-defined]
    assert command("config replay").failed(found)
    back = replace(past.desk.settings)
    past.desk.settings = past.desk.others[NEW]
    assert past.replayed(back)["newly_heard"] == 1


def test_a_silence_of_that_time_is_taken_along(past: Past) -> None:
    past.silence("team=db", start=0, end=100)
    past.fires("k1", labels={"team": "db"})
    past.to(50).ends("k1")
    past.to(200).fires("k2", labels={"team": "db"})
    other = replace(past.desk.settings, route=Route(receiver="ops", group_by=("...",), group_wait=Seconds(0)))
    found = past.to(210).replayed(other)
    assert [one["code"] for one in found["differences"]] == ["A2"]  # type: ignore[attr-defined]
    assert found["notices"] == [1, 1]


def test_waiting_for_company_makes_fewer_notices(past: Past) -> None:
    for second in range(5):
        past.to(second).fires(f"k{second}")
    other = replace(past.desk.settings, route=Route(receiver="ops", group_by=(), group_wait=Seconds(30)))
    found = past.to(60).replayed(other)
    assert found["notices"] == [5, 1]
    assert "  4 notices fewer: 5 -> 1\n" in command("config replay").show(found)


def test_an_alert_that_became_worse_does_so_again(past: Past) -> None:
    past.fires("k1", severity=Severity.WARNING)
    past.to(10).fires("k1", severity=Severity.CRITICAL)
    matchers = parse('severity="critical"')
    other = replace(
        past.desk.settings, route=replace(past.desk.settings.route, routes=(Route(receiver="db", matchers=matchers),))
    )
    (one,) = past.to(20).replayed(other)["differences"]  # type: ignore[misc]
    assert one["receivers"] == [["ops"], ["db", "ops"]]


def test_older_alerts_and_tocsins_own_are_left_out(past: Past) -> None:
    past.fires("old")
    past.to(7_200).fires("k1")
    past.take(_own())
    assert past.replayed(past.desk.settings, since="1h")["alerts"] == 1
    assert past.replayed(past.desk.settings, since=3_600, own=True)["alerts"] == 2
    assert past.replayed(past.desk.settings, since="1d")["alerts"] == 2


def _own() -> Event:
    return internal.event(internal.Check.DISK_FREE, title="full", text="")


def test_more_alerts_than_are_taken_are_said(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_ALERTS", 3)
    monkeypatch.setattr(replay, "PAGE", 2)
    past.fires(*(f"k{number}" for number in range(5)))
    found = past.replayed(past.desk.settings)
    assert (found["alerts"], found["cut"]) == (3, ["only the newest 3 alerts were taken"])


def test_one_that_has_no_end_is_cut_and_said(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.alerting.replay.MOST_STEPS", 50)
    past.fires("k1")
    other = replace(past.desk.settings, route=replace(past.desk.settings.route, repeat_interval=Seconds(1)))
    found = past.to(3_600).replayed(other)
    (said,) = found["cut"]  # type: ignore[misc]
    assert said.startswith("the other configuration was tried only up to ")
    assert f"! {said}\n" in command("config replay").show(found)


@pytest.mark.parametrize("since", ["a week", "-1d", -5, "", "1e999"])
def test_what_is_no_duration_is_refused(since: object, past: Past) -> None:
    with pytest.raises(Said, match="is not a duration: write for example 30s") as said:
        past.replayed(past.desk.settings, since=since)
    assert said.value.code == INVALID_PARAMS


def test_a_configuration_that_cannot_be_used_says_all_that_is_wrong_with_it(past: Past) -> None:
    past.desk.problems = ["new.yml:3: route.receiver: there is no receiver 'x'", "new.yml:9: people: …"]
    with pytest.raises(Said, match="there is no receiver 'x'") as said:
        past.replayed()
    assert (said.value.code, said.value.data) == (REFUSED, {"problems": past.desk.problems})


def test_it_names_a_file_so_it_needs_the_right_to_do_so(past: Past) -> None:
    caller = Caller(name="looker", may=("read", "act"))
    with pytest.raises(Said, match='lacks the right "admin"') as said:
        past.desk.ask("config.replay", caller)
    assert said.value.code == NOT_ALLOWED
    assert past.desk.ask("config.replay", EVERYTHING)["alerts"] == 0


def test_an_end_that_came_with_its_beginning_is_no_trouble(past: Past) -> None:
    past.fires("k1")
    past.ends("k1")
    past.fires("k1")
    assert past.replayed(past.desk.settings)["alerts"] == 2
