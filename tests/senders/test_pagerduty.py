"""PagerDuty: which incident, its words, its size."""

import json
from collections.abc import Iterator

import msgspec
import pytest

from daemon.errors import Scope, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.notice import Message, Notice, Reason
from daemon.secret import Secret
from daemon.senders.pagerduty import MOST_EVENT, PagerDuty, action, dedup_key
from fake_clock import FakeClock
from fake_pagerduty import KEY, FakePagerDuty
from messages import message


@pytest.fixture
def pagerduty() -> Iterator[FakePagerDuty]:
    with FakePagerDuty() as fake:
        yield fake


def paging(pagerduty: FakePagerDuty, key: str = KEY) -> PagerDuty:
    return pagerduty.serves(PagerDuty(routing_key=Secret(key), endpoint=pagerduty.url))


def about(about: Message, out_id: str = "3f2a9c1e-D1", **notice: object) -> Message:
    """The same message about a notice with other facts."""
    return msgspec.structs.replace(about, notice=msgspec.structs.replace(about.notice, **notice), out_id=out_id)


def test_an_alarm_opens_an_incident_with_what_is_known_of_it(pagerduty: FakePagerDuty) -> None:
    told = message(
        labels={"instance": "db-1:9100", "alertname": "DiskFull", "service": "shop"},
        links={"runbook": "https://wiki.it", "mail": "mailto:ops@it"},
    )
    receipt = paging(pagerduty).send(about(told, group_id=7))
    event = pagerduty.events[0]
    details = event["payload"].pop("custom_details")
    assert event == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "tocsin:3f2a9c1e-G7",
        "client": "tocsin",
        "links": [{"href": "https://wiki.it", "text": "runbook"}],
        "payload": {
            "summary": "[CRITICAL] Disk full (A17)",
            "source": "db-1:9100",
            "severity": "critical",
            "timestamp": "2026-11-21T01:00:00+00:00",
            "component": "shop",
            "group": "ops",
            "class": "DiskFull",
        },
    }
    assert details["alerts"][0]["code"] == "A17"
    assert details["text"].startswith("[CRITICAL] Disk full (A17)\n97 %\n")
    assert receipt.provider_id == "tocsin:3f2a9c1e-G7"


def test_the_end_of_a_group_closes_the_incident_that_its_first_notice_opened(pagerduty: FakePagerDuty) -> None:
    sender = paging(pagerduty)
    sender.send(about(message(), group_id=7))
    sender.send(about(message(id=18, fingerprint="1" * 32), out_id="3f2a9c1e-D2", reason=Reason.NEW_MEMBER, group_id=7))
    assert len(pagerduty.open) == 1
    over = about(message(state=State.RESOLVED), out_id="3f2a9c1e-D3", reason=Reason.ALL_RESOLVED, group_id=7)
    sender.send(over)
    assert not pagerduty.open
    assert "payload" not in pagerduty.events[-1]


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({"group_id": 7}, "tocsin:3f2a9c1e-G7"),
        ({"group_id": 7, "reason": Reason.ESCALATED, "receiver": "chief"}, "tocsin:3f2a9c1e-G7"),
        ({}, "tocsin:3f2a9c1e-" + "0" * 32),
        ({"reason": Reason.DIGEST}, "tocsin:3f2a9c1e-D1"),
        ({"reason": Reason.TEST}, "tocsin:3f2a9c1e-D1"),
    ],
)
def test_an_incident_has_the_name_of_what_it_is_about(facts: dict[str, object], key: str) -> None:
    assert dedup_key(about(message(), **facts)) == key


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.ALL_RESOLVED])
def test_whatever_is_said_of_what_fires_keeps_the_incident_open(reason: Reason) -> None:
    assert action(message(reason=reason)) == "trigger"


def test_what_flaps_keeps_its_incident_though_it_is_over_for_now() -> None:
    assert action(message(state=State.RESOLVED, reason=Reason.FLAPPING)) == "trigger"
    assert action(message(state=State.RESOLVED, reason=Reason.SOME_RESOLVED)) == "resolve"


@pytest.mark.parametrize("severity", Severity)
def test_severities_are_pagerdutys_own(pagerduty: FakePagerDuty, severity: Severity) -> None:
    paging(pagerduty).send(message(severity=severity))
    assert pagerduty.events[0]["payload"]["severity"] == severity.value


def test_an_event_is_never_larger_than_pagerduty_takes(pagerduty: FakePagerDuty) -> None:
    one = message(title="题" * 300, text="文" * 8_000, labels={f"l{n}": "值" * 1_000 for n in range(64)})
    notice: Notice = msgspec.structs.replace(one.notice, alerts=[one.alert] * 100, firing=100, group=one.alert.labels)
    receipt = paging(pagerduty).send(msgspec.structs.replace(one, notice=notice))
    assert len(pagerduty.requests[0].body) <= MOST_EVENT
    assert len(pagerduty.events[0]["payload"]["custom_details"]["alerts"]) == 100
    assert receipt.detail.endswith("with less detail")


def test_an_acknowledge_link_comes_first(pagerduty: FakePagerDuty) -> None:
    links = {f"l{n}": f"https://x/{n}" for n in range(20)}
    paging(pagerduty).send(msgspec.structs.replace(message(links=links), acknowledge="https://t/ack/x"))
    shown = pagerduty.events[0]["links"]
    assert shown[0] == {"href": "https://t/ack/x", "text": "acknowledge"}
    assert len(shown) == 8


def test_a_wrong_key_refuses_everything_and_does_not_show(pagerduty: FakePagerDuty) -> None:
    with pytest.raises(SendRefused, match="Invalid routing key") as caught:
        paging(pagerduty, "wr0ng-key").send(message())
    assert caught.value.scope is Scope.CHANNEL
    assert "wr0ng" not in str(caught.value)


def test_too_many_events_wait() -> None:
    clock = FakeClock()
    with FakePagerDuty(now=clock.monotonic) as pagerduty:
        sender = paging(pagerduty)
        for _ in range(120):
            sender.send(message())
        with pytest.raises(SendWait) as caught:
            sender.send(message())
    assert (caught.value.seconds, caught.value.scope) == (30.0, Scope.CHANNEL)


def test_the_eu_has_a_server_of_its_own() -> None:
    sender = PagerDuty(routing_key=Secret(KEY), endpoint="https://events.eu.pagerduty.com")
    assert sender.target() == "https://events.eu.pagerduty.com"
    assert json.loads(sender._event(message())[0])["event_action"] == "trigger"
