"""Silences and maintenance windows as operators and scripts ask for them."""

from typing import Any

import pytest

from daemon.alerting import due
from daemon.alerting.rules import Rules
from daemon.event import Event, State
from daemon.methods.table import Caller
from fake_clock import BEGIN
from fake_parts import Desk, Said

HOUR = 3_600.0
LIN = Caller(name="lin", may=("read", "act"), identity="lin")


def fires(desk: Desk, key: str, **labels: str) -> str:
    return desk.intake.events([Event(source="shop", key=key, title=key, labels=labels)])[0].code


def ends(desk: Desk, key: str) -> None:
    desk.intake.events([Event(source="shop", key=key, title=key, state=State.RESOLVED)])


def later(desk: Desk, seconds: float) -> None:
    """Go on in time, and do what is due."""
    desk.clock.advance(seconds)
    rules, now = Rules(desk.settings), desk.clock.now()
    desk.store.write(lambda tx: due.do_due(tx, rules, now, 100))


@pytest.fixture
def silence(desk: Desk) -> dict[str, Any]:
    made: dict[str, Any] = desk.ask("silences.add", LIN, matchers=["team=db"], duration="2h", comment="new discs")
    return made["silence"]


def test_a_new_silence_shows_what_it_hides_of_what_is_open(desk: Desk) -> None:
    codes = [fires(desk, "a", team="db"), fires(desk, "b", team="db")]
    fires(desk, "c", team="web")
    matchers = ["team=~db|sms", 'source!="probe"']
    assert (
        desk.ask("silences.preview", matchers=matchers)
        == desk.ask("silences.add", matchers=matchers, duration="1h")["hides"]
    )
    (silence,) = desk.ask("silences.list")
    assert (silence["matchers"], silence["author"]) == (['team=~"db|sms"', 'source!="probe"'], "local")
    hides = desk.ask("silences.preview", matchers=matchers)
    assert (hides["count"], [one["code"] for one in hides["alerts"]]) == (2, codes)


def test_of_many_only_the_oldest_are_shown_and_all_are_counted(desk: Desk) -> None:
    desk.intake.events([Event(source="shop", key=str(n), title="x", labels={"team": "db"}) for n in range(130)])
    hides = desk.ask("silences.preview", matchers=["team=db"])
    assert (hides["count"], len(hides["alerts"])) == (130, 100)


def test_everything_about_a_silence_is_told(desk: Desk, silence: dict[str, Any]) -> None:
    assert silence == {
        "id": 1, "code": "S1", "uuid": silence["uuid"], "kind": "silence", "name": "", "state": "active",
        "matchers": ['team="db"'], "starts_at": BEGIN, "ends_at": BEGIN + 2 * HOUR, "until_resolved": False,
        "during": [], "author": "lin", "comment": "new discs", "created_at": BEGIN, "updated_at": BEGIN,
        "ended_by": "", "hidden": 0, "firing": 0, "alerts": [],
    }  # fmt: skip
    for name in ("S1", "s1", "1", 1, silence["uuid"]):
        assert desk.ask("silences.get", id=name) == {"silence": silence, "hidden": []}


def test_what_it_hid_is_counted_and_named(desk: Desk, silence: dict[str, Any]) -> None:
    first, second = fires(desk, "a", team="db"), fires(desk, "b", team="db")
    ends(desk, "b")
    (line,) = desk.ask("silences.list")
    assert (line["hidden"], line["firing"], line["alerts"]) == (2, 1, [first, second])
    story = desk.ask("silences.get", id=silence["code"])
    assert [(one["code"], one["state"]) for one in story["hidden"]] == [(first, "firing"), (second, "resolved")]


@pytest.mark.parametrize(
    ("times", "starts_at", "ends_at"),
    [
        ({"duration": "90m"}, 0, 1.5 * HOUR),
        ({"end": "2026-11-21T10:00:00+08:00"}, 0, HOUR),
        ({"end": BEGIN + 60}, 0, 60),
        ({"start": "2026-11-21T02:00:00Z", "duration": "1h"}, HOUR, 2 * HOUR),
        ({"start": "2026-11-20T02:00:00Z", "duration": "1h"}, 0, HOUR),
        ({"until_resolved": True}, 0, None),
        ({"until_resolved": True, "duration": "1h"}, 0, HOUR),
        ({"during": "office"}, 0, None),
    ],
)
def test_when_it_holds(desk: Desk, times: dict[str, Any], starts_at: float, ends_at: float | None) -> None:
    made = desk.ask("silences.add", matchers=["team=db"], **times)["silence"]
    assert (made["starts_at"], made["ends_at"]) == (BEGIN + starts_at, None if ends_at is None else BEGIN + ends_at)


def test_intervals_of_the_configuration_are_taken_as_they_are_now(desk: Desk) -> None:
    """The clock shows a Saturday, 01:00."""
    office = desk.ask("silences.add", matchers=["team=db"], during="office")["silence"]
    assert office["during"] == ["times 09:00-17:00, weekdays monday:friday", "years 2026"]
    assert office["state"] == "active"
    own = desk.ask("silences.add", matchers=["team=db"], during='{weekdays: ["monday:friday"]}')["silence"]
    assert (own["during"], own["state"]) == (["weekdays monday:friday"], "resting")


@pytest.mark.parametrize(
    ("field", "given", "says"),
    [
        ("matchers", {"matchers": ["team"]}, "is not a matcher"),
        ("matchers", {"matchers": ["team=~x*"]}, "must not match the empty string"),
        ("matchers", {"matchers": "team=db"}, "Expected `array`"),
        ("end", {}, "a silence needs an end"),
        ("end", {"end": "tomorrow"}, "'tomorrow' is not a time; write for example 2026-10-01T09:00:00+08:00"),
        ("end", {"end": "2026-11-20T00:00:00Z"}, "the end must be after the start"),
        ("end", {"end": BEGIN + 1, "duration": "1h"}, "takes either an end or a duration"),
        ("start", {"start": "soon", "duration": "1h"}, "'soon' is not a time"),
        ("duration", {"duration": "two hours"}, "'two hours' is not a duration: write for example 30s"),
        ("end", {"duration": "0s"}, "the end must be after the start"),
        ("end", {"duration": "999999y"}, "the end is no instant of the years 1970 to 9999"),
        ("during", {"during": "nights"}, "there is no time interval 'nights'; there are: office"),
        ("during", {"during": "[]"}, "during must be an interval, or a list"),
        ("author", {"duration": "1h", "author": "x" * 101}, "the author has 101 characters"),
        ("comment", {"duration": "1h", "comment": "x" * 2_001}, "the comment has 2001 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(desk: Desk, field: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(Said) as caught:
        desk.ask("silences.add", **{"matchers": ["team=db"]} | given)
    assert (caught.value.code, caught.value.data["field"]) == (-32602, field)
    assert says in str(caught.value)
    assert desk.ask("silences.list") == []


def test_what_is_left_out_of_a_change_stays(desk: Desk, silence: dict[str, Any]) -> None:
    desk.clock.advance(60)
    changed = desk.ask("silences.update", id="S1", duration="4h")["silence"]
    assert changed == silence | {"ends_at": BEGIN + 60 + 4 * HOUR, "updated_at": BEGIN + 60}
    said = desk.ask("silences.update", id="S1", comment="", author="wang", until_resolved=True)["silence"]
    assert (said["comment"], said["author"], said["until_resolved"], said["code"]) == ("", "wang", True, "S1")


def test_other_matchers_make_another_silence(desk: Desk, silence: dict[str, Any]) -> None:
    other = desk.ask("silences.update", LIN, id="S1", matchers=["team=web"], during="office")["silence"]
    assert (other["code"], other["ends_at"]) == ("S2", silence["ends_at"])
    old, new = desk.ask("silences.list", over=True)[::-1]
    assert (old["state"], old["ended_by"]) == ("expired", "S2, which lin put in its place")
    assert desk.ask("silences.list") == [new]


def test_one_to_come_is_moved_with_its_duration(desk: Desk) -> None:
    desk.ask("silences.add", matchers=["team=db"], start=BEGIN + HOUR, duration="1h")
    moved = desk.ask("silences.update", id="S1", start=BEGIN + 3 * HOUR, duration="30m")["silence"]
    assert (moved["code"], moved["state"]) == ("S1", "pending")
    assert (moved["starts_at"], moved["ends_at"]) == (BEGIN + 3 * HOUR, BEGIN + 3.5 * HOUR)


def test_one_that_is_ended_is_over_and_says_by_whom(desk: Desk, silence: dict[str, Any]) -> None:
    desk.clock.advance(60)
    ended = desk.ask("silences.expire", LIN, id="S1")
    assert (ended["state"], ended["ends_at"], ended["ended_by"]) == ("expired", BEGIN + 60, "lin")
    with pytest.raises(Said, match="S1 is over already") as caught:
        desk.ask("silences.expire", id="S1")
    assert caught.value.code == -32005
    again = desk.ask("silences.update", id="S1", duration="1h")["silence"]
    assert (again["code"], again["matchers"]) == ("S2", silence["matchers"])


@pytest.mark.parametrize("method", ["silences.get", "silences.update", "silences.expire"])
@pytest.mark.parametrize("name", ["S9", 9, "nonsense", "", -1, 10**30])
def test_a_silence_that_there_is_not(desk: Desk, method: str, name: str | int) -> None:
    with pytest.raises(Said, match="there is no silence") as caught:
        desk.ask(method, id=name)
    assert caught.value.code == -32004


def test_pages_follow_one_another(desk: Desk) -> None:
    for _ in range(3):
        desk.ask("silences.add", matchers=["team=db"], duration="1h")
    first = desk.ask("silences.list", limit=2)
    assert [one["code"] for one in first] == ["S3", "S2"]
    assert [one["code"] for one in desk.ask("silences.list", before="S2")] == ["S1"]


def test_one_alert_is_silenced_by_all_its_labels_until_it_is_over(desk: Desk) -> None:
    code = fires(desk, "a", team="db", empty="", **{"odd name": "x"})
    fires(desk, "b", team="db", host="h")
    made = desk.ask("alerts.silence", LIN, id=code)
    silence = made["silence"]
    assert sorted(silence["matchers"]) == ['severity="error"', 'source="shop"', 'team="db"']
    assert (silence["ends_at"], silence["until_resolved"], silence["author"]) == (None, True, "lin")
    assert [one["code"] for one in made["hides"]["alerts"]] == [code, "A2"]
    ends(desk, "b")
    ends(desk, "a")
    assert desk.ask("silences.get", id="S1")["silence"]["state"] == "expired"


@pytest.mark.parametrize(
    ("given", "ends_at", "until"),
    [
        ({"duration": "2h"}, BEGIN + 2 * HOUR, False),
        ({"duration": "2h", "until_resolved": True}, BEGIN + 2 * HOUR, True),
        ({"until_resolved": True}, None, True),
    ],
)
def test_one_alert_is_silenced_for_a_time(desk: Desk, given: dict[str, Any], ends_at: float, until: bool) -> None:
    made = desk.ask("alerts.silence", id=fires(desk, "a", team="db"), **given)["silence"]
    assert (made["ends_at"], made["until_resolved"]) == (ends_at, until)


def test_an_alert_that_is_over_or_unknown_cannot_be_silenced(desk: Desk) -> None:
    code = fires(desk, "a", team="db")
    ends(desk, "a")
    for name, says, number in (
        (code, "A1 is over: there is nothing to silence", -32005),
        ("A9", "no alert A9", -32004),
    ):
        with pytest.raises(Said, match=says) as caught:
            desk.ask("alerts.silence", id=name)
        assert caught.value.code == number


def test_a_window_is_open_until_it_is_closed(desk: Desk) -> None:
    made = desk.ask("maintenance.open", LIN, name="deploy", matchers=["team=db"], comment="v42")["silence"]
    assert (made["kind"], made["name"], made["ends_at"]) == ("maintenance", "deploy", BEGIN + HOUR)
    code = fires(desk, "a", team="db")
    muted = [step for trace in desk.ask("alerts.get", id=code)["trace"] for step in trace["steps"]][-1]
    assert (muted["verdict"], muted["detail"]) == ("maintenance", "of deploy: S1 of lin")
    assert desk.ask("deliveries.list") == []
    assert [one["hidden"] for one in desk.ask("maintenance.list")] == [1]
    closed = desk.ask("maintenance.close", LIN, name="deploy")
    assert (closed["state"], closed["ended_by"], closed["firing"], closed["alerts"]) == ("expired", "lin", 1, [code])
    assert desk.ask("maintenance.list") == []
    assert len(desk.ask("maintenance.list", over=True)) == 1
    later(desk, 2)
    assert [one["alert"] for one in desk.ask("deliveries.list")] == [code]


def test_a_window_closes_by_itself(desk: Desk) -> None:
    desk.ask("maintenance.open", name="deploy", matchers=["team=db"], duration="10m")
    code = fires(desk, "a", team="db")
    later(desk, 599)
    assert desk.ask("deliveries.list") == []
    later(desk, 2)
    assert [one["alert"] for one in desk.ask("deliveries.list")] == [code]


def test_opening_an_open_window_has_it_open_for_longer_and_never_for_less(desk: Desk) -> None:
    desk.ask("maintenance.open", name="deploy", matchers=["team=db"], comment="v42")
    desk.clock.advance(1_800)
    longer = desk.ask("maintenance.open", name="deploy")["silence"]
    assert (longer["code"], longer["ends_at"], longer["matchers"]) == ("S1", BEGIN + 1_800 + HOUR, ['team="db"'])
    assert longer["comment"] == "v42"
    same = desk.ask("maintenance.open", name="deploy", duration="1m")["silence"]
    assert same["ends_at"] == longer["ends_at"]
    other = desk.ask("maintenance.open", name="deploy", matchers=["team=web"])["silence"]
    assert (other["code"], [one["code"] for one in desk.ask("maintenance.list")]) == ("S2", ["S2"])


def test_two_windows_of_other_names_know_nothing_of_each_other(desk: Desk) -> None:
    for name in ("deploy", "discs"):
        desk.ask("maintenance.open", name=name, matchers=["team=db"])
    desk.ask("maintenance.close", name="deploy")
    fires(desk, "a", team="db")
    later(desk, 2)
    assert desk.ask("deliveries.list") == []


@pytest.mark.parametrize(
    ("given", "says", "code"),
    [
        ({}, "a silence needs at least one matcher", -32602),
        ({"matchers": ["x=~.*"]}, "must not match the empty string", -32602),
        ({"name": " "}, "needs a name that can be printed", -32602),
        ({"name": "a\x1b"}, "needs a name that can be printed", -32602),
        ({"name": "x" * 101}, "the name has 101 characters", -32602),
        ({"duration": "25h"}, r"open for at most 1d \(silences.longest_maintenance\); open it again later", -32602),
        ({"duration": "soon"}, "'soon' is not a duration", -32602),
        ({"author": "x" * 101}, "the author has 101 characters", -32602),
    ],
)
def test_a_window_that_cannot_be(desk: Desk, given: dict[str, Any], says: str, code: int) -> None:
    matchers = {} if not given else {"matchers": ["team=db"]}
    with pytest.raises(Said, match=says) as caught:
        desk.ask("maintenance.open", **{"name": "deploy"} | matchers | given)
    assert caught.value.code == code


def test_only_what_is_open_is_closed_and_a_silence_is_no_window(desk: Desk, silence: dict[str, Any]) -> None:
    for name in ("deploy", "", silence["code"]):
        with pytest.raises(Said, match=f"no maintenance window '{name}' is open") as caught:
            desk.ask("maintenance.close", name=name)
        assert caught.value.code == -32004
    assert desk.ask("maintenance.list", over=True) == []
    desk.ask("maintenance.open", name="deploy", matchers=["team=db"])
    with pytest.raises(Said, match=r"S2 is a maintenance window: maintenance\.open has it open for longer"):
        desk.ask("silences.update", id="S2", duration="40h")
