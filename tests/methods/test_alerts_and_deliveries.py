"""alerts.*, events.*, deliveries.*: what an operator asks about the way of an alarm."""

import pytest

from daemon.alerting.dedupe import Change
from daemon.event import Event, Severity, State
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, UNAVAILABLE
from daemon.store import leases, outbox
from fake_parts import Desk, Said


def kill(desk: Desk, channel: str = "sms") -> None:
    """Let everything that waits on the channel fail for good."""

    def work(tx: outbox.Tx) -> None:
        for claimed in leases.claim(tx, channel, desk.clock.now(), 60, 100).claimed:
            outbox.dead(tx, claimed.delivery, "the number does not exist", desk.clock.now())

    desk.store.write(work)


def test_alerts_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    for number in range(5):
        desk.send(f"a{number}")
    first = desk.ask("alerts.list", limit=2)
    assert [alert["code"] for alert in first] == ["A5", "A4"]
    second = desk.ask("alerts.list", limit=2, before=first[-1]["code"])
    assert [alert["title"] for alert in second] == ["a2", "a1"]
    assert [alert["id"] for alert in desk.ask("alerts.list", before=2)] == [1]


def test_alerts_are_listed_by_state_and_source(desk: Desk) -> None:
    desk.send("open")
    desk.send("over")
    desk.ask("events.send", title="over", key="over", state="resolved")
    assert [alert["title"] for alert in desk.ask("alerts.list", state="firing")] == ["open"]
    assert [alert["title"] for alert in desk.ask("alerts.list", state="resolved")] == ["over"]
    assert desk.ask("alerts.list", source="else") == []


@pytest.mark.parametrize("given", [1, "1", "A1", "a1", " A1 "])
def test_one_alert_is_told_whole_however_it_is_named(desk: Desk, given: int | str) -> None:
    desk.send("disk full")
    story = desk.ask("alerts.get", id=given)
    assert story["code"] == "A1"
    assert story["alert"]["title"] == "disk full"
    assert {step["stage"] for trace in story["trace"] for step in trace["steps"]} >= {
        "dedupe",
        "route",
        "notify",
        "outbox",
    }
    assert [(notice["receiver"], notice["reason"]) for notice in story["notices"]] == [("oncall", "first")]
    assert [(one["code"], one["channel"], one["recipient"]) for one in story["deliveries"]] == [("D1", "sms", "lin")]


@pytest.mark.parametrize(
    "given", ["", "A", "D1", "x", "1.5", "-1", -1, "A-1", "1e3", "١", 2**63, "9" * 30, "0" * 30 + "9" * 30, "A" * 500]
)
@pytest.mark.parametrize("method", ["alerts.get", "quarantine.show"])
def test_what_names_nothing_is_told_so(desk: Desk, method: str, given: int | str) -> None:
    if method == "quarantine.show" and given == "A":
        given = "Q"
    with pytest.raises(Said, match="does not name") as said:
        desk.ask(method, id=given)
    assert said.value.code == INVALID_PARAMS
    assert len(str(said.value)) < 150


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("alerts.get", "there is no alert A7"),
        ("deliveries.get", "there is no delivery D7"),
        ("deliveries.retry", "there is no delivery D7"),
        ("quarantine.show", "there is no quarantined request Q7"),
        ("quarantine.replay", "there is no quarantined request Q7"),
    ],
)
def test_what_is_not_there_is_not_found(desk: Desk, method: str, sentence: str) -> None:
    with pytest.raises(Said, match=sentence) as said:
        desk.ask(method, id=7)
    assert said.value.code == NOT_FOUND


def test_a_script_raises_repeats_and_ends_an_alarm_by_its_title(desk: Desk) -> None:
    sent = {"title": "backup failed", "severity": "critical", "labels": {"host": "a"}, "text": "exit 2"}
    assert desk.ask("events.send", **sent) == {"alert": "A1", "change": Change.NEW}
    assert desk.ask("events.send", **sent) == {"alert": "A1", "change": Change.REPEAT}
    assert desk.ask("events.send", **sent, state="resolved") == {"alert": "A1", "change": Change.RESOLVED}
    assert desk.ask("events.send", **sent, state="resolved")["alert"] == ""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("probe", "the source 'probe' is taken by the probes' alarms; choose another"),
        ("tocsin", "the source 'tocsin' is taken by tocsin's alarms about itself; choose another"),
        ("\x1bprobe\n", "the source 'probe' is taken"),
        (" tocsin ", "the source 'tocsin' is taken"),
        ("", "the source is empty"),
        ("\x00 \n", "the source is empty"),
    ],
)
def test_nobody_speaks_for_a_probe_or_for_tocsin_itself(desk: Desk, source: str, sentence: str) -> None:
    desk.intake.events([Event(source=name, key="front", title="down") for name in ("probe", "tocsin")])
    with pytest.raises(Said, match=sentence) as said:
        desk.ask("events.send", title="down", key="front", source=source, state="resolved")
    assert said.value.code == INVALID_PARAMS
    assert [alert["state"] for alert in desk.ask("alerts.list")] == [State.FIRING, State.FIRING]


def test_two_titles_are_two_problems_and_so_are_two_hosts(desk: Desk) -> None:
    codes = [
        desk.ask("events.send", title=title, labels={"host": host})["alert"]
        for title, host in (("disk full", "a"), ("cpu hot", "a"), ("disk full", "b"))
    ]
    assert codes == ["A1", "A2", "A3"]


def test_a_key_names_the_problem_whatever_its_title(desk: Desk) -> None:
    assert desk.ask("events.send", title="81 % full", key="disk")["alert"] == "A1"
    assert desk.ask("events.send", title="92 % full", key="disk")["change"] == Change.REPEAT


@pytest.mark.parametrize("title", ["", "  ", "\x00\n", "\t"])
def test_an_alarm_that_says_nothing_is_not_raised(desk: Desk, title: str) -> None:
    for key in ("", "disk"):
        with pytest.raises(Said, match="the title is empty") as said:
            desk.ask("events.send", title=title, key=key)
        assert said.value.code == INVALID_PARAMS
    assert desk.ask("alerts.list") == []


def test_an_end_needs_no_title_where_the_key_names_the_problem(desk: Desk) -> None:
    desk.ask("events.send", title="disk full", key="disk")
    assert desk.ask("events.send", title="", key="disk", state="resolved")["change"] == Change.RESOLVED
    with pytest.raises(Said, match="the title is empty"):
        desk.ask("events.send", title="", state="resolved")


def test_a_link_that_would_be_dropped_is_refused(desk: Desk) -> None:
    with pytest.raises(Said, match="the link 'page' begins with neither http:// nor https://") as said:
        desk.ask("events.send", title="x", links={"page": "ftp://example.com/"})
    assert said.value.code == INVALID_PARAMS
    assert desk.ask("alerts.list") == []
    assert desk.ask("events.send", title="x", links={"page": "https://example.com/"})["alert"] == "A1"


def test_an_event_of_a_script_is_brought_within_bounds(desk: Desk) -> None:
    desk.ask("events.send", title="x\x1b\n" * 10_000, labels={f"l{n}": "v" * 5_000 for n in range(100)})
    alert = desk.ask("alerts.get", id=1)["alert"]
    assert len(alert["title"]) <= 300
    assert "\x1b" not in alert["title"]
    assert len(alert["labels"]) <= 70


def test_an_event_is_not_taken_while_the_store_cannot_write(desk_of_closed_store: Desk) -> None:
    with pytest.raises(Said) as said:
        desk_of_closed_store.ask("events.send", title="x")
    assert said.value.code == UNAVAILABLE


def test_deliveries_are_narrowed_down_and_paged(desk: Desk) -> None:
    for number in range(3):
        desk.send(f"a{number}")
    assert [one["code"] for one in desk.ask("deliveries.list", limit=2)] == ["D3", "D2"]
    assert [one["code"] for one in desk.ask("deliveries.list", before="D2")] == ["D1"]
    assert [one["alert"] for one in desk.ask("deliveries.list", alert="A2")] == ["A2"]
    assert desk.ask("deliveries.list", phase="dead") == []
    assert desk.ask("deliveries.list", channel="room") == []
    assert len(desk.ask("deliveries.list", channel="sms", phase="waiting")) == 3


def test_a_delivery_is_told_with_what_it_was_to_say(desk: Desk) -> None:
    desk.send("disk full", Severity.WARNING)
    story = desk.ask("deliveries.get", id="D1")
    assert (story["code"], story["alert"]) == ("D1", "A1")
    assert story["delivery"]["recipient"] == {"name": "lin", "address": "+8613800000001"}
    assert story["notice"]["alerts"][0]["title"] == "disk full"


def test_a_dead_delivery_is_sent_again_once(desk: Desk) -> None:
    desk.send()
    kill(desk)
    assert desk.ask("deliveries.list", phase="dead")[0]["reason"] == "the number does not exist"
    assert desk.ask("deliveries.retry", id="D1") == {"retried": ["D1"]}
    with pytest.raises(Said, match="D1 is waiting: only a dead delivery") as said:
        desk.ask("deliveries.retry", id="D1")
    assert said.value.code == REFUSED


def test_all_dead_deliveries_of_a_channel_are_sent_again_oldest_first(desk: Desk) -> None:
    for number in range(3):
        desk.send(f"a{number}")
    kill(desk)
    assert desk.ask("deliveries.retry", channel="sms") == {"retried": ["D1", "D2", "D3"]}
    assert desk.ask("deliveries.retry", channel="sms") == {"retried": []}


@pytest.mark.parametrize("params", [{}, {"id": "D1", "channel": "sms"}])
@pytest.mark.parametrize("method", ["deliveries.retry", "quarantine.replay"])
def test_one_or_all_must_be_said(desk: Desk, method: str, params: dict[str, str]) -> None:
    if method == "quarantine.replay":
        params = {name.replace("channel", "source"): value for name, value in params.items()}
    with pytest.raises(Said, match="needs either id or") as said:
        desk.ask(method, **params)
    assert said.value.code == INVALID_PARAMS
