"""quarantine.* and sources.*: requests that made no events, and trials of handlers."""

import base64
import dataclasses
import re

import msgspec
import pytest

from daemon.config.retention import Retention
from daemon.config.settings import Source
from daemon.errors import NothingToTell
from daemon.event import Event
from daemon.hook import Hook
from daemon.methods.quarantine import MOST_AT_ONCE
from daemon.methods.sources import marked
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED
from daemon.registry import Handler
from daemon.secret import Secret
from daemon.store import quarantine
from daemon.store.quarantine import Kind, Quarantined
from fake_clock import BEGIN
from fake_parts import CANARY, Desk, Said
from handlers.generic import Fields, Options, generic

GOOD = b'{"key":"k","title":"till is stuck","state":"firing"}'


def refuse(desk: Desk, body: bytes = GOOD, source: str = "shop", kind: Kind = Kind.UNUSABLE_BODY) -> str:
    hook = Hook(source=source, body=body, headers={"authorization": f"Bearer {CANARY}"}, query={"token": CANARY})
    return desk.intake.refuse(hook, kind, "no", "192.0.2.7")


def test_requests_are_listed_newest_first_without_their_bodies(desk: Desk) -> None:
    refuse(desk)
    refuse(desk, source="nobody", kind=Kind.UNKNOWN_SOURCE)
    listed = desk.ask("quarantine.list")
    assert [(one["code"], one["kind"], one["source"]) for one in listed] == [
        ("Q2", "unknown_source", "nobody"),
        ("Q1", "unusable_body", "shop"),
    ]
    assert "body" not in listed[0]
    assert [one["code"] for one in desk.ask("quarantine.list", source="shop")] == ["Q1"]
    assert [one["code"] for one in desk.ask("quarantine.list", before="Q2")] == ["Q1"]


def test_a_body_is_shown_as_text_or_else_as_base64_and_no_secret_with_it(desk: Desk) -> None:
    refuse(desk, "正文".encode())
    refuse(desk, b"\xff\x00")
    text, binary = desk.ask("quarantine.show", id="Q1"), desk.ask("quarantine.show", id="Q2")
    assert (text["encoding"], text["body"]) == ("utf-8", "正文")
    assert (binary["encoding"], base64.b64decode(binary["body"])) == ("base64", b"\xff\x00")
    assert CANARY not in str(text)


def test_a_replay_tells_what_became_of_the_request(desk: Desk) -> None:
    refuse(desk)
    (replayed,) = desk.ask("quarantine.replay", id="Q1")["requests"]
    assert (replayed["request"], replayed["problem"]) == ("Q1", "")
    assert [one["change"] for one in replayed["events"]] == ["new"]
    assert desk.ask("quarantine.list")[0]["replayed_at"] == desk.clock.now()


@pytest.mark.parametrize(
    ("body", "source", "problem"),
    [
        (b"{", "shop", "not valid JSON"),
        (b"{}", "shop", "not a shop body"),
        (b'{"boom":true}', "shop", ": ZeroDivisionError: not the operator's day"),
        (GOOD, "nobody", "no source is called 'nobody'"),
    ],
)
def test_a_replay_that_fails_says_why_and_keeps_the_request(desk: Desk, body: bytes, source: str, problem: str) -> None:
    refuse(desk, body, source)
    (replayed,) = desk.ask("quarantine.replay", id="Q1")["requests"]
    assert problem in replayed["problem"]
    assert desk.ask("quarantine.show", id="Q1")["request"]["replayed_at"] is None


def test_a_request_that_was_cut_cannot_be_replayed(desk: Desk) -> None:
    desk.settings = dataclasses.replace(desk.settings, retention=Retention(quarantine_body=10))
    refuse(desk)
    assert not desk.ask("quarantine.list")[0]["whole"]
    assert "only 10 of its" in desk.ask("quarantine.replay", id="Q1")["requests"][0]["problem"]


def test_all_of_a_source_that_wait_are_replayed_but_not_those_with_bad_credentials(desk: Desk) -> None:
    for number in range(3):
        refuse(desk, GOOD.replace(b'"k"', b'"k%d"' % number))
    refuse(desk, kind=Kind.BAD_CREDENTIALS)
    refuse(desk, source="nobody", kind=Kind.UNKNOWN_SOURCE)
    desk.ask("quarantine.replay", id="Q2")
    assert replayed(desk, source="shop") == ["Q1", "Q3"]
    assert desk.ask("quarantine.replay", source="shop") == {"requests": [], "left": 0}
    assert replayed(desk, id="Q4") == ["Q4"]


def test_what_waits_behind_a_thousand_bad_tokens_is_replayed(desk: Desk) -> None:
    desk.settings = dataclasses.replace(desk.settings, retention=Retention(quarantine_rows=5_000))
    kept = [msgspec.structs.replace(made(), kind=Kind.BAD_CREDENTIALS)] * MOST_AT_ONCE
    keep(desk, [*kept[:500], made(), made(), *kept[500:]])
    assert replayed(desk, source="shop") == ["Q501", "Q502"]


@pytest.mark.slow
def test_more_than_go_at_once_are_replayed_by_and_by_and_the_answer_says_how_many_are_left(desk: Desk) -> None:
    keep(desk, [made()] * (MOST_AT_ONCE + 5))
    first = desk.ask("quarantine.replay", source="shop")
    assert (len(first["requests"]), first["left"]) == (MOST_AT_ONCE, 5)
    assert desk.ask("quarantine.replay", source="shop")["left"] == 0


def test_those_that_fail_again_go_behind_the_others(desk: Desk) -> None:
    keep(desk, [made(b"{")] * (MOST_AT_ONCE + 1) + [made()] * 2)
    first = desk.ask("quarantine.replay", source="shop")
    assert (first["requests"][-1]["request"], first["left"]) == ("Q1000", MOST_AT_ONCE + 3)
    assert desk.ask("quarantine.list", before="Q2")[0]["failed_at"] == desk.clock.now()
    desk.clock.advance(1)
    second = desk.ask("quarantine.replay", source="shop")
    assert [one["request"] for one in second["requests"][:4]] == ["Q1001", "Q1002", "Q1003", "Q1"]
    assert second["left"] == MOST_AT_ONCE + 1
    desk.clock.advance(1)
    assert desk.ask("quarantine.replay", source="shop")["requests"][0]["request"] == "Q998"


def test_the_ends_and_alarms_that_are_out_of_date_are_told_as_such(desk: Desk) -> None:
    refuse(desk)
    refuse(desk, GOOD.replace(b"firing", b"resolved"))
    desk.clock.advance(60)
    desk.intake.events([Event(source="shop", key="k", title="till is stuck")])
    answer = desk.ask("quarantine.replay", source="shop")
    assert [one["events"][0] for one in answer["requests"]] == [
        {"alert": "A2", "change": "repeat"},
        {"alert": "A2", "change": "stale"},
    ]
    trace = desk.ask("alerts.get", id="A2")["trace"][-1]
    assert [(step["stage"], step["verdict"]) for step in trace["steps"]] == [("dedupe", "stale")]


def replayed(desk: Desk, **which: str) -> list[str]:
    return [one["request"] for one in desk.ask("quarantine.replay", **which)["requests"]]


def made(body: bytes = GOOD) -> Quarantined:
    return Quarantined(
        at=BEGIN, kind=Kind.UNUSABLE_BODY, source="shop", reason="no", remote="192.0.2.7", content_type="",
        headers={}, query={}, body=body, size=len(body),
    )  # fmt: skip


def keep(desk: Desk, requests: list[Quarantined]) -> None:
    desk.store.write(lambda tx: [quarantine.add(tx, request, keep=5_000, most_bytes=10**9) for request in requests])


def test_sources_are_listed_with_their_protection_and_without_secrets(desk: Desk) -> None:
    shop, broken = desk.ask("sources.list")
    assert shop == {
        "name": "shop",
        "path": "/webhook/shop",
        "handler": "shop",
        "credentials": ["token"],
        "samples": ["firing", "resolved"],
        "doc": "Read the shop's bodies.",
    }
    assert broken["credentials"] == []


def test_a_trial_shows_the_events_and_changes_nothing(desk: Desk) -> None:
    trials = desk.ask("sources.test", name="shop")
    assert [(trial["sample"], trial["events"][0]["state"]) for trial in trials] == [
        ("firing", "firing"),
        ("resolved", "resolved"),
    ]
    assert trials[0]["events"][0]["labels"] == {"team": "sales"}
    assert [trial["sent"] for trial in trials] == [[], []]
    assert desk.ask("alerts.list") == []


def test_a_trial_that_is_sent_is_marked_and_leaves_real_alerts_alone(desk: Desk) -> None:
    (real,) = desk.ask("sources.test", name="shop", sample="firing")
    desk.intake.events([Event(source="shop", key="k", title="till is stuck")])
    trials = desk.ask("sources.test", name="shop", send=True)
    assert [trial["sent"][0]["change"] for trial in trials] == ["new", "resolved"]
    test, kept = desk.ask("alerts.list")
    assert (test["title"], test["state"], test["labels"]["test"]) == ("TEST till is stuck", "resolved", "true")
    assert (kept["title"], kept["state"]) == ("till is stuck", "firing")
    del real


def test_a_test_event_without_a_key_is_another_problem_by_its_label() -> None:
    event = Event(source="s", title="t", labels={"a": "b"})
    assert marked(event).fingerprint() != event.fingerprint()


def test_a_trial_of_a_broken_handler_tells_what_it_raised(desk: Desk) -> None:
    (trial,) = desk.ask("sources.test", name="broken", send=True)
    assert "ZeroDivisionError" in trial["problem"]
    assert trial["sent"] == []


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"name": "nobody"}, "there is no source 'nobody'; there are: shop, broken"),
        ({"name": "shop", "sample": "x"}, "has no sample 'x'; it has: 'firing', 'resolved'"),
    ],
)
def test_a_trial_of_what_is_not_there_is_not_found(desk: Desk, params: dict[str, str], sentence: str) -> None:
    with pytest.raises(Said, match=sentence) as said:
        desk.ask("sources.test", **params)
    assert said.value.code == NOT_FOUND


@pytest.fixture
def mapped(desk: Desk) -> Desk:
    options = Options(map=Fields(key="$.id", title="{{ body.name }} is slow", severity="info"))
    script = Source(name="script", handler=generic, options=options, labels={"team": "web"})
    desk.settings = dataclasses.replace(desk.settings, sources={"script": script})
    return desk


def test_a_body_of_one_s_own_is_read_with_the_source_s_own_map(mapped: Desk) -> None:
    (trial,) = mapped.ask("sources.test", name="script", body='{"id": 7, "name": "checkout"}')
    assert (trial["sample"], trial["note"], trial["problem"], trial["sent"]) == ("", "", "", [])
    (event,) = trial["events"]
    assert (event["title"], event["key"], event["severity"]) == ("checkout is slow", "7", "info")
    assert event["labels"] == {"team": "web"}
    assert mapped.ask("alerts.list") == []


def test_a_body_may_be_a_form_and_may_be_sent(mapped: Desk) -> None:
    form = {"body": "id=8&name=shop", "content_type": "application/x-www-form-urlencoded"}
    (trial,) = mapped.ask("sources.test", name="script", send=True, **form)
    assert trial["sent"] == [{"alert": "A1", "change": "new"}]
    assert mapped.ask("alerts.list")[0]["title"] == "TEST shop is slow"


@pytest.mark.parametrize(
    ("body", "problem"),
    [("", "the body is empty"), ("{", "not valid JSON"), ('{"id": 7}', "map.title: "), ('{"name": "x"}', "map.key: ")],
)
def test_a_body_that_the_map_does_not_fit_says_why(mapped: Desk, body: str, problem: str) -> None:
    (trial,) = mapped.ask("sources.test", name="script", body=body)
    assert problem in trial["problem"]


def test_a_sample_that_is_read_with_another_map_says_so(mapped: Desk) -> None:
    trials = mapped.ask("sources.test", name="script")
    assert {trial["sample"] for trial in trials} == {"firing", "resolved"}
    assert all("not with this source's own" in trial["note"] for trial in trials)


def test_a_sample_that_is_read_as_the_source_would_needs_no_note(desk: Desk) -> None:
    assert [trial["note"] for trial in desk.ask("sources.test", name="shop")] == ["", ""]


def test_a_trial_takes_a_body_or_a_sample(mapped: Desk) -> None:
    with pytest.raises(Said, match="either a body or a sample") as said:
        mapped.ask("sources.test", name="script", sample="firing", body="{}")
    assert said.value.code == INVALID_PARAMS


@pytest.fixture
def own(desk: Desk) -> Desk:
    def handle(hook: Hook) -> list[Event]:
        if hook.body == b"ping":
            raise NothingToTell("a ping")
        if hook.body == b"boom":
            raise RuntimeError("oops")
        key = hook.json()["key"]
        return [Event(source=hook.source, key=key, title=f"{hook.content_type} from {hook.remote}")]

    handler = Handler(name="own", handle=handle, samples={})
    desk.settings = dataclasses.replace(
        desk.settings, sources={"own": Source(name="own", handler=handler, token=Secret("t"), labels={"a": "b"})}
    )
    return desk


def test_a_body_is_delivered_as_by_the_webhook_without_the_source_s_credentials(own: Desk) -> None:
    assert own.ask("sources.deliver", name="own", body='{"key": "k"}') == {
        "events": [{"alert": "A1", "change": "new"}], "note": "",
    }  # fmt: skip
    (alert,) = own.ask("alerts.list")
    assert alert["title"] == "application/json from a command"
    assert alert["labels"]["a"] == "b"


def test_what_is_delivered_and_tells_of_nothing_says_so(own: Desk) -> None:
    assert own.ask("sources.deliver", name="own", body="ping") == {"events": [], "note": "a ping"}
    (trial,) = own.ask("sources.test", name="own", body="ping", send=True)
    assert (trial["problem"], trial["note"], trial["sent"]) == ("", "it tells of no alarm: a ping", [])
    assert own.ask("quarantine.list") == []


@pytest.mark.parametrize(
    ("name", "body", "code", "kind", "said"),
    [
        ("nobody", "{}", NOT_FOUND, Kind.UNKNOWN_SOURCE, "there is no source 'nobody': write it under `sources:`"),
        ("own", "{", REFUSED, Kind.UNUSABLE_BODY, "the body is not valid JSON"),
        ("own", "boom", REFUSED, Kind.BROKEN_HANDLER, "the handler 'own' is broken"),
    ],
)
def test_what_is_delivered_and_makes_no_alarm_is_kept(
    own: Desk, name: str, body: str, code: int, kind: Kind, said: str
) -> None:
    with pytest.raises(Said, match=re.escape(said)) as caught:
        own.ask("sources.deliver", name=name, body=body)
    assert caught.value.code == code
    assert "(kept as Q1)" in str(caught.value)
    assert [one["kind"] for one in own.ask("quarantine.list")] == [kind]


def test_what_could_not_be_checked_is_replayed_by_its_own_code_only(own: Desk) -> None:
    hook = Hook(source="own", body=b'{"key": "k"}')
    own.intake.refuse(hook, Kind.UNCHECKED, "no certificate", "1.2.3.4")
    assert own.ask("quarantine.replay", source="own") == {"requests": [], "left": 0}
    (replayed,) = own.ask("quarantine.replay", id="Q1")["requests"]
    assert replayed["problem"] == ""
