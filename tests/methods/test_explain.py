"""alerts.explain over the door: both of its questions, what people see of the answers, and what is refused."""

import json
from dataclasses import replace

import pytest

from daemon.cli.commands import command
from daemon.cli.explain import label_set
from daemon.event import PROBE, Event, State
from daemon.hook import Hook
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, Caller
from fake_parts import CANARY, Desk, Said

LOOKER = Caller(name="looker", may=("read",))


def sent(desk: Desk, **more: str) -> str:
    body = {"key": "k", "title": "till is stuck", "state": "firing", **more}
    hook = Hook(
        source="shop",
        body=json.dumps(body).encode(),
        content_type="application/json",
        headers={"authorization": f"Bearer {CANARY}", "user-agent": "till/1"},
        query={"token": CANARY},
        remote="192.0.2.7",
    )
    return desk.intake.take(desk.settings.sources["shop"], hook)[0].code


def shown(desk: Desk, **params: object) -> str:
    one = command("explain")
    return one.show(desk.ask(one.method, **params))


def test_an_alert_is_explained_from_its_request_to_its_deliveries(desk: Desk) -> None:
    text = shown(desk, id=sent(desk, api_token="hush", note="\x1b[31mred"))
    assert text.startswith(
        "A1 till is stuck\nnobody was told yet: its delivery D1 to lin over sms is about to be sent\n"
    )
    titles = [line for line in text.split("\n") if line and not line.startswith(" ")][2:]
    assert titles == [
        "What came in", "What it is", "Routes, as they are configured now", "What muted it", "Its groups",
        "What was said and sent", "Who has it in hand, and who else is told",
    ]  # fmt: skip
    assert "new: webhook, source shop through the handler shop from 192.0.2.7\n" in text
    assert '"api_token": "***"' in text
    assert "user-agent=till/1" in text
    assert "* route (oncall): it takes whatever comes to it\n" in text
    assert "D1 to lin over sms: waiting\n" in text
    assert CANARY not in text
    assert "hush" not in text
    assert text.replace("\n", "").isprintable()


def test_a_body_that_is_no_json_or_cut_is_shown_as_it_is(desk: Desk) -> None:
    code = sent(desk, text="x" * 20_000)
    text = shown(desk, id=code)
    assert "    body, cut: it had 19.6 KB\n" in text
    assert '    | {"key": "k", "title": "till is stuck"' in text


def test_what_was_sent_by_command_says_so(desk: Desk) -> None:
    desk.ask("events.send", title="disk full", labels={"team": "db"})
    assert "new: command, source cli\n" in shown(desk, id="A1")


def test_labels_are_explained_without_an_alert(desk: Desk) -> None:
    text = shown(desk, labels=label_set('alertname=x, team="db"'), severity="critical")
    assert text.split("\n")[1] == "oncall would be told at once: lin by sms"
    assert "labels alertname=x severity=critical source=cli team=db\n" in text
    assert "      lin by sms +8613800000001\n" in text
    assert desk.ask("alerts.list") == []


def test_the_severity_is_that_of_the_label_unless_it_is_said(desk: Desk) -> None:
    assert desk.ask("alerts.explain", labels={"severity": "info"})["labels"]["severity"] == "info"
    assert desk.ask("alerts.explain", labels={"severity": "page"})["labels"]["severity"] == "page"
    assert desk.ask("alerts.explain", labels={}, severity="warning")["labels"]["severity"] == "warning"


def test_another_instant_may_be_asked_about(desk: Desk) -> None:
    desk.ask("silences.add", matchers=["team=db"], author="lin", comment="x", end="2026-11-21T03:00:00Z")
    before, after = (
        desk.ask("alerts.explain", labels={"team": "db"}, at=at)
        for at in ("2026-11-21T02:00:00Z", "2026-11-21T03:00:01Z")
    )
    assert before["answer"].startswith("nobody would be told: oncall, silenced by S1 of lin until ")
    assert after["answer"] == "oncall would be told at once: lin by sms"


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("maintenance", {"duration": "2h"}, "maintenance of shop: S1 of lin until "),
        (
            "recurring",
            {"during": '{times: [{start_time: "00:00", end_time: "02:00"}], location: UTC}'},
            "silenced by S1 ",
        ),
    ],
)
def test_what_hides_it_says_until_when(kind: str, params: dict[str, str], said: str, desk: Desk) -> None:
    more = {"author": "lin", "comment": "x", "matchers": ["team=db"], **params}
    desk.ask("maintenance.open", name="shop", **more) if kind == "maintenance" else desk.ask("silences.add", **more)
    found = desk.ask("alerts.explain", labels={"team": "db"})
    (hears,) = found["hears"]
    assert said in found["answer"]
    hour = 3 if kind == "maintenance" else 2
    assert hears["muted"]["until"] == desk.clock.now() + (hour - 1) * 3_600


@pytest.mark.parametrize("params", [{}, {"id": "A1", "labels": {}}, {"id": 0}])
def test_it_takes_one_question_at_a_time(params: dict[str, object], desk: Desk) -> None:
    with pytest.raises(Said, match="needs either id or labels") as said:
        desk.ask("alerts.explain", **params)
    assert said.value.code == INVALID_PARAMS


@pytest.mark.parametrize(
    "params",
    [
        {"id": "D1"}, {"id": "A-1"}, {"id": "A" * 99}, {"id": [1]}, {"labels": []}, {"labels": {"a": 1}},
        {"labels": {}, "severity": "bad"}, {"labels": {}, "at": "soon"}, {"labels": {}, "at": 1e300},
        {"labels": {}, "source": 7}, {"labels": {"a": None}},
    ],
)  # fmt: skip
def test_what_is_none_of_these_is_refused(params: dict[str, object], desk: Desk) -> None:
    with pytest.raises(Said) as said:
        desk.ask("alerts.explain", **params)
    assert said.value.code == INVALID_PARAMS


def test_labels_of_any_size_and_kind_are_brought_within_bounds(desk: Desk) -> None:
    labels = {f"{number}\x00": "\ud7ff\n" * 5_000 for number in range(200)} | {"": "", "severity": "\x1b[2J"}
    found = desk.ask("alerts.explain", labels=labels, source="\x07" * 5_000)
    assert len(found["labels"]) <= 66
    assert command("explain").show(found).replace("\n", "").isprintable()


def test_an_alert_that_is_not_there_is_said_to_be_none(desk: Desk) -> None:
    with pytest.raises(Said, match="there is no alert A7; it may be too old and gone") as said:
        desk.ask("alerts.explain", LOOKER, id="A7")
    assert said.value.code == NOT_FOUND


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a=b,c=d", {"a": "b", "c": "d"}),
        ('{a="b, \\"c\\"", d=e=f}', {"a": 'b, "c"', "d": "e=f"}),
        ("a=", {"a": ""}),
        ("", {}),
        ("a=b,", {"a": "b"}),
    ],
)
def test_label_sets_are_read_as_people_write_them(text: str, labels: dict[str, str]) -> None:
    assert label_set(text) == labels


@pytest.mark.parametrize("text", ["a", "=b", "a=b c,d", 'a="b', "a=b,,c=d"])
def test_what_is_no_label_set_says_how_to_write_one(text: str) -> None:
    with pytest.raises(Exception, match="write labels as name=value,name=value"):
        label_set(text)


def test_a_probe_is_explained_by_its_name(desk: Desk) -> None:
    desk.send("another")
    for key, state in (("front", "firing"), ("front", "resolved"), ("front|degraded", "firing")):
        desk.intake.events([Event(source=PROBE, key=key, title=f"{key} {state}", state=State(state))])
    assert shown(desk, id="front").startswith("A3 front|degraded firing\n")
    desk.intake.events([Event(source=PROBE, key="front|degraded", title="well", state=State.RESOLVED)])
    assert shown(desk, id="front").startswith("A3 ")


def test_a_probe_without_an_alarm_is_said_to_have_none(desk: Desk) -> None:
    with pytest.raises(Said, match="'front' has had no alarm") as said:
        desk.ask("alerts.explain", id="front")
    assert said.value.code == NOT_FOUND


def test_a_code_is_a_code_whatever_probes_are_called(desk: Desk) -> None:
    desk.settings = replace(desk.settings, probes={"A1": desk.settings.probes["front"]})
    desk.send("another")
    assert shown(desk, id="A1").startswith("A1 another\n")
