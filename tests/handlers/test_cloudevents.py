"""CloudEvents: three modes, one meaning; where the options' paths lead decides."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from handlers.cloudevents import Options, delivery

CLOUD = built_in_handlers()["cloudevents"]
HEADERS = CLOUD.samples["firing"].headers
BODY = json.loads(CLOUD.samples["firing, structured"].body)
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def hook_of(body: Any, content_type: str = STRUCTURED, headers: dict[str, str] | None = None, **options: Any) -> Hook:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Hook(
        source="cloudevents", body=raw, content_type=content_type, headers=headers or {}, options=Options(**options)
    )


def one(body: Any, content_type: str = STRUCTURED, headers: dict[str, str] | None = None, **options: Any) -> Event:
    [found] = CLOUD.handle(hook_of(body, content_type, headers, **options))
    return found


def binary(body: bytes = b"{}", content_type: str = "application/json", **headers: str) -> Event:
    return one(body, content_type, {**HEADERS, **{f"ce-{name}": value for name, value in headers.items()}})


def test_the_three_modes_say_the_same() -> None:
    sample = CLOUD.samples["firing"]
    first = one(sample.body, "application/json", dict(sample.headers))
    second = one(BODY, "Application/CloudEvents+JSON; charset=UTF-8")
    [third] = CLOUD.handle(hook_of([BODY], "APPLICATION/CLOUDEVENTS-BATCH+json"))
    assert first.key == second.key == third.key == "/hosts/web-1|sda1|it.example.disk"
    assert (first.title, first.severity) == ("the disk is 97% full", Severity.CRITICAL)
    assert second.labels == first.labels | {"team": "db"} == third.labels


def test_a_batch_is_many_and_one_bad_event_refuses_all_of_it() -> None:
    other = BODY | {"id": "e-2", "subject": "sdb1"}
    assert len(list(CLOUD.handle(hook_of([BODY, other], BATCH)))) == 2
    with pytest.raises(HandlerError, match=r"\[1\]\.id must be a text"):
        list(CLOUD.handle(hook_of([BODY, other | {"id": ""}], BATCH)))
    for wrong in ([], {}, [1]):
        with pytest.raises(HandlerError):
            list(CLOUD.handle(hook_of(wrong, BATCH)))


@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
def test_what_an_event_must_have_is_asked_for(name: str) -> None:
    with pytest.raises(HandlerError, match=name):
        one({key: value for key, value in BODY.items() if key != name})
    if name != "specversion":
        with pytest.raises(HandlerError, match=f"ce-{name} must be a text"):
            binary(**{name: ""})


def test_another_version_or_format_is_refused() -> None:
    with pytest.raises(HandlerError, match=r"specversion must be 1\.0, not '0\.3'"):
        one(BODY | {"specversion": "0.3"})
    with pytest.raises(HandlerError, match="read as JSON"):
        one(b"<event/>", "application/cloudevents+xml")
    with pytest.raises(HandlerError, match="ce-datacontenttype must not be there"):
        binary(datacontenttype="application/json")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ('"quoted \\"twice\\""', 'quoted "twice"'),
        ("100%25", "100%"),
        ("%2525", "%25"),
        ("plain", "plain"),
        ('"', '"'),
        ("50%", "50%"),
    ],
)
def test_header_values_are_decoded_once(sent: str, read: str) -> None:
    assert binary(subject=sent).labels["subject"] == read


def test_a_header_that_is_no_utf_8_is_refused() -> None:
    for sent in ("%FF%FE", "\xe9"):
        with pytest.raises(HandlerError, match="the header ce-subject is not UTF-8"):
            binary(subject=sent)


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_whatever_is_encoded_as_the_binding_says_comes_back(text: str) -> None:
    def kept(byte: int) -> bool:
        return 0x21 <= byte <= 0x7E and byte not in b'"%'

    sent = "".join(chr(byte) if kept(byte) else f"%{byte:02X}" for byte in text.encode())
    assert binary(id=sent).source == "cloudevents"
    assert delivery(hook_of(b"{}", "application/json", {**HEADERS, "ce-id": sent})) == f"/hosts/web-1 {text}"


def test_data_in_base64_is_read_as_what_it_is() -> None:
    bare = {name: value for name, value in BODY.items() if name != "data"}
    coded = base64.b64encode(json.dumps(BODY["data"]).encode()).decode()
    assert one(bare | {"data_base64": coded}).title == "the disk is 97% full"
    with pytest.raises(HandlerError, match="data_base64 is not base64"):
        one(bare | {"data_base64": "%%%"})


def test_data_that_is_text_is_the_text_and_none_is_nothing() -> None:
    assert binary(b"out of paper", "text/plain").text == "out of paper"
    assert binary(b"").text == ""
    with pytest.raises(HandlerError, match="the data is not valid JSON"):
        binary(b"{")


@pytest.mark.parametrize(
    ("first", "second"), [("disk.failed", "disk.recovered"), ("it.x.disk.Open", "it.x.disk.closed")]
)
def test_without_a_state_the_last_word_of_the_type_tells_and_is_not_part_of_the_problem(
    first: str, second: str
) -> None:
    opened, closed = (one(BODY | {"type": kind, "data": {}}) for kind in (first, second))
    assert (opened.state, closed.state) == (State.FIRING, State.RESOLVED)
    assert opened.fingerprint() == closed.fingerprint()


def test_a_type_that_tells_nothing_fires() -> None:
    for kind in ("Microsoft.Storage.BlobCreated", "resolved"):
        assert one(BODY | {"type": kind, "data": None}).state is State.FIRING


def test_a_word_that_nobody_knows_is_refused_until_it_is_listed() -> None:
    body = BODY | {"data": {"status": "Kaput"}}
    with pytest.raises(HandlerError, match="state: 'Kaput' is not a known word; list it under firing or resolved"):
        one(body)
    assert one(body, firing=("kaput",)).state is State.FIRING
    assert one(body, resolved=("KAPUT",)).state is State.RESOLVED


def test_the_paths_may_lead_anywhere_and_a_key_that_is_empty_is_refused() -> None:
    body = BODY | {"level": "warning", "data": {"alarm": {"id": 7, "is": "over"}, "name": "x"}}
    found = one(
        body,
        state="$.data.alarm.is",
        severity="$.level",
        title="$.data.name",
        key="$.data.alarm.id",
        resolved=("over",),
    )
    assert (found.key, found.severity, found.title, found.state) == ("7", Severity.WARNING, "x", State.RESOLVED)
    with pytest.raises(HandlerError, match="there is no 'gone'"):
        one(body, title="$.gone")
    with pytest.raises(HandlerError, match="key: it is empty here"):
        one(body, key="$.data.gone?")


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(HandlerError, match="this is no CloudEvent"):
        one({"status": "firing"}, "application/json")
