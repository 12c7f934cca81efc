"""status, channels.*, probes.*, config.*, log.level."""

import os

import pytest

from daemon.config.audience import Person
from daemon.config.settings import Settings
from daemon.errors import SendRefused, SendWait
from daemon.event import Severity
from daemon.hook import Hook
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Caller
from daemon.notice import Recipient
from daemon.store.quarantine import Kind
from fake_parts import CANARY, Desk, FakeLane, FakeProbeStatus, Said


def test_ping_and_version(desk: Desk) -> None:
    assert desk.ask("ping") == {"pong": True, "at": desk.clock.now()}
    assert desk.ask("version") == {"version": "9.9"}


def test_status_of_a_well_daemon(desk: Desk) -> None:
    desk.send("a", Severity.CRITICAL)
    desk.send("b", Severity.CRITICAL)
    desk.send("c", Severity.INFO)
    desk.intake.refuse(Hook(source="shop", body=b""), Kind.BAD_CREDENTIALS, "no", "192.0.2.7")
    desk.clock.advance(30)
    status = desk.ask("status")
    assert (status["state"], status["reasons"]) == ("ok", [])
    assert (status["pid"], status["version"], status["uptime"]) == (os.getpid(), "9.9", 90.0)
    assert status["alerts"] == {"critical": 2, "info": 1, "warning": 1}  # the warning is the quarantine's own alarm
    assert status["outbox"] == {"sms": {"waiting": 4}}
    assert status["quarantine"] == 1
    assert status["doors"] == {"http": "127.0.0.1:8420"}
    assert status["store"] == {"bytes": 4_096, "unwell": ""}
    assert [lane["channel"] for lane in status["lanes"]] == ["sms", "room"]
    assert (status["probes"], status["probes_down"]) == (1, [])


def test_a_broken_channel_degrades_with_its_reason(desk: Desk) -> None:
    desk.courier.lanes = [FakeLane(channel="sms", breaker="half-open", reason="arrears")]
    status = desk.ask("status")
    assert (status["state"], status["reasons"]) == ("degraded", ["channel sms is broken (half-open): arrears"])


def test_deliveries_that_wait_for_a_channel_nobody_configured_degrade(desk: Desk) -> None:
    desk.send()
    channels = {name: channel for name, channel in desk.settings.channels.items() if name != "sms"}
    desk.settings = type(desk.settings)(channels=channels)
    assert desk.ask("status")["reasons"] == ["1 deliveries wait for the channel sms, which is not configured"]


def test_a_warning_is_shown_and_is_no_illness(desk: Desk) -> None:
    desk.warnings = ["route.group_by: is accepted, but has no effect yet"]
    status = desk.ask("status")
    assert (status["state"], status["warnings"]) == ("ok", ["route.group_by: is accepted, but has no effect yet"])


def test_a_probe_that_is_down_is_named_and_is_no_illness_of_ours(desk: Desk) -> None:
    desk.scheduler.probes.append(FakeProbeStatus(name="db", verdict="down"))
    status = desk.ask("status")
    assert (status["state"], status["probes_down"]) == ("ok", ["db"])


def test_a_store_that_cannot_write_degrades_and_status_still_answers(desk: Desk) -> None:
    desk.unwell = "cannot write: the disk is full"
    status = desk.ask("status")
    assert status["state"] == "degraded"
    assert status["store"]["unwell"] == "cannot write: the disk is full"


def test_a_store_that_cannot_be_read_degrades_and_status_still_answers(desk_of_closed_store: Desk) -> None:
    status = desk_of_closed_store.ask("status")
    assert status["state"] == "degraded"
    assert "is closed" in status["reasons"][0]


def test_channels_are_listed_with_their_lanes_and_without_secrets(desk: Desk) -> None:
    desk.courier.lanes = [FakeLane(channel="sms")]
    listed = desk.ask("channels.list")
    assert [(one["name"], one["type"], one["address"], one["lane"] and one["lane"]["breaker"]) for one in listed] == [
        ("sms", "fake_sms", "phone", "closed"),
        ("room", "fake_room", "", None),
    ]
    assert CANARY not in str(listed)


@pytest.mark.parametrize(
    ("channel", "to", "recipient"),
    [
        ("sms", "lin", Recipient(name="lin", address="+8613800000001")),
        ("sms", "+8613900000009", Recipient(address="+8613900000009")),
        ("sms", "139 0000 0009", Recipient(address="139 0000 0009")),
        ("room", "", Recipient()),
    ],
)
def test_a_test_message_goes_to_a_person_an_address_or_a_room(
    desk: Desk, channel: str, to: str, recipient: Recipient
) -> None:
    (tested,) = desk.ask("channels.test", channel=channel, to=to)
    assert desk.courier.tested == [(channel, recipient)]
    assert (tested["sent"], tested["provider_id"], tested["detail"]) == (True, "p-1", "OK")


def test_several_are_told_one_by_one_and_each_answer_is_shown(desk: Desk) -> None:
    tested = desk.ask("channels.test", channel="sms", to="lin, 13900000009, lin")
    assert [one["recipient"]["address"] for one in tested] == ["+8613800000001", "13900000009"]
    assert [one["sent"] for one in tested] == [True, True]


def test_what_the_provider_refuses_is_told(desk: Desk) -> None:
    desk.courier.error = SendRefused("the number is blocked", code="isv.MOBILE")
    (tested,) = desk.ask("channels.test", channel="sms", to="lin")
    assert (tested["sent"], tested["code"], tested["detail"]) == (False, "isv.MOBILE", "the number is blocked")
    desk.courier.error = SendWait("busy", seconds=3)
    assert desk.ask("channels.test", channel="sms", to="lin")[0]["sent"] is False


@pytest.mark.parametrize(
    ("channel", "to", "sentence", "code"),
    [
        ("fax", "lin", "there is no channel 'fax'; there are: sms, room", NOT_FOUND),
        ("sms", "", "sms needs to know whom: a person or a phone", INVALID_PARAMS),
        ("sms", "may", "may has no phone in the configuration", REFUSED),
        ("sms", "nobody", r"'nobody' is neither a person \(lin, may\) nor a phone", NOT_FOUND),
        ("sms", "+86\n139", "is neither a person", NOT_FOUND),
        ("room", "lin", "room is a room: leave out", INVALID_PARAMS),
    ],
)
def test_a_test_message_to_nobody_is_not_sent(desk: Desk, channel: str, to: str, sentence: str, code: int) -> None:
    with pytest.raises(Said, match=sentence) as said:
        desk.ask("channels.test", channel=channel, to=to)
    assert said.value.code == code
    assert desk.courier.tested == []


def test_probes_are_listed_and_run(desk: Desk) -> None:
    assert desk.ask("probes.list")[0]["target"] == "https://shop.example.com/"
    assert desk.ask("probes.run", name="front") == {"health": "up", "detail": "200", "phases": {"connect": 0.01}}
    with pytest.raises(Said, match="there is no probe 'x'; there are: front") as said:
        desk.ask("probes.run", name="x")
    assert said.value.code == NOT_FOUND
    assert desk.scheduler.runs == ["front"]


def test_the_settings_in_force_are_shown_without_secrets(desk: Desk) -> None:
    shown = desk.ask("config.get")
    assert shown["sources"]["shop"]["token"] == "***"
    assert shown["channels"]["sms"]["access_key_secret"] == "***"
    assert shown["limits"]["events"] == Settings().limits.events
    assert CANARY not in str(shown)
    desk.settings = Settings(people={"wu": Person(name="wu", phone="+8613700000001")})
    assert list(desk.ask("config.get")["people"]) == ["wu"]


def test_one_section_of_the_settings_can_be_picked(desk: Desk) -> None:
    assert desk.ask("config.get", section="route") == {"route": desk.ask("config.get")["route"]}
    with pytest.raises(Said, match="there is no section 'rout'; there are: listen, limits, store") as said:
        desk.ask("config.get", section="rout")
    assert said.value.code == NOT_FOUND


def test_looking_at_the_settings_needs_no_more_than_the_right_to_read(desk: Desk) -> None:
    assert desk.ask("config.get", Caller(name="reader", may=("read",)))
    with pytest.raises(Said, match=r'^hand lacks the right "read", which config\.get needs$'):
        desk.ask("config.get", Caller(name="hand", may=("act",)))


def test_a_configuration_is_checked_by_its_path(desk: Desk) -> None:
    desk.warnings = ["w"]
    assert desk.ask("config.check") == {"usable": True, "problems": [], "warnings": ["w"]}
    desk.problems = ["p"]
    assert desk.ask("config.check", path="/etc/x.yml")["usable"] is False
    assert desk.checked == ["", "/etc/x.yml"]


def test_a_reload_that_is_refused_lists_all_problems(desk: Desk) -> None:
    assert desk.ask("config.reload") == {"warnings": []}
    desk.problems = ["a.yml:1: one", "a.yml:2: two"]
    with pytest.raises(Said, match="the old one stays in force") as said:
        desk.ask("config.reload")
    assert said.value.code == REFUSED
    assert said.value.data == {"problems": ["a.yml:1: one", "a.yml:2: two"]}
    assert desk.reloads == 2


def test_the_log_level_is_one_of_four(desk: Desk) -> None:
    assert desk.ask("log.level", level="debug") == {"level": "debug"}
    with pytest.raises(Said) as said:
        desk.ask("log.level", level="loud")
    assert said.value.code == INVALID_PARAMS
    assert desk.levels == ["debug"]


def test_no_answer_of_any_method_shows_a_secret(desk: Desk) -> None:
    desk.send()
    for method in desk.table:
        if not method.required and method.name not in ("deliveries.retry", "quarantine.replay"):
            params = {"alerts.explain": {"id": "A1"}, "events.send": {"title": "Disk full"}}.get(method.name, {})
            assert CANARY not in str(desk.ask(method.name, **params)), method.name
