"""What every handler keeps, whoever wrote it: a new file in handlers/ is tested by being there."""

import copy
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handlers
from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, State, cleaned
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from daemon.registry import Handler, Sample, handlers_in

NOW = 1_795_226_400.0  # an hour after the samples
HANDLERS = built_in_handlers()
SAMPLES = [pytest.param(h, s, id=f"{h.name}: {name}") for h in HANDLERS.values() for name, s in h.samples.items()]
PAIRS = [
    pytest.param(h, h.samples[name], h.samples[name.replace("firing", "resolved", 1)], id=f"{h.name}: {name}")
    for h in HANDLERS.values()
    for name in h.samples
    if name.startswith("firing")
]
PAGES = Path(__file__).parents[2] / "docs" / "sources"
RUBBISH = [
    b"",
    b"null",
    b"5",
    b'"text"',
    b"[]",
    b"{}",
    b"[1]",
    b"{",
    b"\xff\xfe",
    b"NaN",
    b"[" * 50_000,
    b'{"alerts": 5}',
]
FORM = "application/x-www-form-urlencoded"
MULTIPART = [
    b"--b\r\n", b"\r\n--b\r\n", b"\r\n--b--\r\n", b"\r\n\r\n", b'Content-Disposition: form-data; name="data"',
    b"Content-Disposition: form-data", b'; filename="x"', b'{"heartbeat": null, "monitor": null, "msg": "x"}',
]  # fmt: skip

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
unhurried = settings(max_examples=60, deadline=None, database=None, derandomize=True)
# For what is asked of every sample: a handler has several of the same shape, and so several times as many examples.
each = settings(unhurried, max_examples=20)
HUGE = json.dumps("x" * 1_000_000)
HERE = "put something huge here"


def hook_of(handler: Handler, sample: Sample) -> Hook:
    return Hook(
        source=handler.name,
        body=sample.body,
        content_type=sample.content_type,
        headers=dict(sample.headers),
        options=handler.sample_options,
    )


def events_of(handler: Handler, sample: Sample) -> list[Event]:
    return list(handler.handle(hook_of(handler, sample)))


def is_form(sample: Sample) -> bool:
    return sample.content_type.startswith(FORM) and sample.body[:1] != b"{"


def keeps_its_word(handler: Handler, body: bytes, content_type: str = "application/json") -> None:
    """Events of the right types come out, or a sentence that says why there are none; nothing else."""
    try:
        events = events_of(handler, Sample(body=body, content_type=content_type))
    except (HandlerError, NothingToTell) as error:
        events = []
        assert 10 < len(str(error)) < 1_000  # noqa: PT017 - it may also be read
    for event in events:
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
        assert len(cleaned(event, NOW).fingerprint()) == 32
        assert event.source == handler.name


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [here]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        found += places(inner, (*here, name))
    return found


def with_other(body: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    body = copy.deepcopy(body)
    parent = body
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = other
    return body


def without(body: Any, place: tuple[Any, ...]) -> Any:
    body = copy.deepcopy(body)
    parent = body
    for step in place[:-1]:
        parent = parent[step]
    del parent[place[-1]]
    return body


FORM_SAMPLES = [
    pytest.param(h, dict(parse_qsl(s.body.decode(), keep_blank_values=True)), id=f"{h.name}: {name}")
    for h in HANDLERS.values()
    for name, s in h.samples.items()
    if is_form(s)
]
JSON_SAMPLES = [
    pytest.param(h, json.loads(s.body), id=f"{h.name}: {name}")
    for h in HANDLERS.values()
    for name, s in h.samples.items()
    if s.content_type == "application/json"
]


def test_the_handlers_of_this_issue_are_there() -> None:
    assert {"datadog", "alertmanager", "grafana", "generic"} <= set(HANDLERS)


@pytest.mark.parametrize("module", handlers.modules(), ids=lambda module: module.__name__)
def test_every_module_registers_a_handler(module: Any) -> None:
    assert handlers_in([module]), f"{module.__name__} registers no handler"


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.name)
def test_every_handler_says_what_it_does_and_shows_both_ends(handler: Handler) -> None:
    assert handler.doc
    assert {"firing", "resolved"} <= set(handler.samples)


@pytest.mark.parametrize(("handler", "sample"), SAMPLES)
def test_every_sample_makes_events_with_a_title_and_an_identity(handler: Handler, sample: Sample) -> None:
    events = events_of(handler, sample)
    assert events
    assert all(event.title and (event.key or event.labels) for event in events)


@pytest.mark.parametrize(("handler", "firing", "resolved"), PAIRS)
def test_what_fires_is_resolved_under_the_same_name(handler: Handler, firing: Sample, resolved: Sample) -> None:
    begun, over = events_of(handler, firing), events_of(handler, resolved)
    assert {event.state for event in begun} == {State.FIRING}
    assert {event.state for event in over} == {State.RESOLVED}
    assert [event.fingerprint() for event in begun] == [event.fingerprint() for event in over]


@pytest.mark.parametrize(("handler", "sample"), SAMPLES)
def test_cleaning_changes_no_event_of_a_sample(handler: Handler, sample: Sample) -> None:
    for event in events_of(handler, sample):
        clean = cleaned(event, NOW)
        assert clean.fingerprint() == event.fingerprint()
        assert clean.links == event.links
        assert (clean.started_at, clean.ended_at) == (event.started_at, event.ended_at)


@pytest.mark.parametrize(("handler", "sample"), SAMPLES)
def test_no_handler_changes_the_request_or_remembers_it(handler: Handler, sample: Sample) -> None:
    hook = hook_of(handler, sample)
    first = list(handler.handle(hook))
    assert list(handler.handle(hook)) == first
    assert hook == hook_of(handler, sample)
    if sample.content_type == "application/json":
        assert hook.json() == json.loads(sample.body)


@pytest.mark.parametrize("body", RUBBISH, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.name)
def test_rubbish_is_refused_with_a_sentence(handler: Handler, body: bytes) -> None:
    with pytest.raises(HandlerError) as caught:
        events_of(handler, Sample(body=body))
    assert 10 < len(str(caught.value)) < 500


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.name)
@given(body=st.binary(max_size=200))
@unhurried
def test_a_form_of_any_bytes_is_read_or_refused(handler: Handler, body: bytes) -> None:
    keeps_its_word(handler, body, FORM)


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.name)
@given(pieces=st.lists(st.sampled_from(MULTIPART) | st.binary(max_size=20), max_size=12))
@unhurried
def test_a_multipart_form_in_any_pieces_is_read_or_refused(handler: Handler, pieces: list[bytes]) -> None:
    keeps_its_word(handler, b"".join(pieces), "multipart/form-data; boundary=b")


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.name)
@given(body=values)
@unhurried
def test_any_json_is_read_or_refused(handler: Handler, body: Any) -> None:
    keeps_its_word(handler, json.dumps(body).encode())


@pytest.mark.parametrize(("handler", "body"), JSON_SAMPLES)
@given(data=st.data())
@each
def test_a_sample_with_anything_in_any_place_is_read_or_refused(handler: Handler, body: Any, data: Any) -> None:
    place = data.draw(st.sampled_from(places(body)))
    keeps_its_word(handler, json.dumps(with_other(body, place, data.draw(values))).encode())


@pytest.mark.parametrize(("handler", "body"), JSON_SAMPLES)
def test_a_sample_without_any_one_of_its_parts_is_read_or_refused(handler: Handler, body: Any) -> None:
    for place in places(body)[1:]:
        keeps_its_word(handler, json.dumps(without(body, place)).encode())


@pytest.mark.parametrize(("handler", "fields"), FORM_SAMPLES)
@given(data=st.data())
@each
def test_a_form_with_anything_in_any_field_or_without_it_is_read_or_refused(
    handler: Handler, fields: dict[str, str], data: Any
) -> None:
    name = data.draw(st.sampled_from(sorted(fields)))
    other = data.draw(st.none() | st.text())
    changed = {key: value for key, value in fields.items() if key != name} | ({} if other is None else {name: other})
    keeps_its_word(handler, urlencode(changed, errors="replace").encode(), FORM)


@pytest.mark.parametrize(("handler", "body"), JSON_SAMPLES)
def test_huge_and_dirty_values_are_read_or_refused(handler: Handler, body: Any) -> None:
    for place in places(body)[1:]:
        keeps_its_word(handler, json.dumps(with_other(body, place, HERE)).replace(json.dumps(HERE), HUGE).encode())
    for dirty in (
        "a\r\nb\0c\x1b[31m",
        "\u202e\u202d",
        10**300,
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
    ):
        for place in places(body)[1:]:
            keeps_its_word(handler, json.dumps(with_other(body, place, dirty)).encode())


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.name)
def test_a_page_shows_how_to_point_it_here_and_nothing_but_samples_that_are_tested(handler: Handler) -> None:
    """A block ```json or ```form is a body as it arrives; what is to be pasted is marked ```json template."""
    page = (PAGES / f"{handler.name}.md").read_text()
    assert f"/webhook/{handler.name}" in page or f"handler: {handler.name}" in page
    assert f"]({handler.name}.md)" in (PAGES / "README.md").read_text(), "the list of all sources does not name it"
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    shown += [parse_qs(block.replace("\n", "")) for block in re.findall(r"```form\n(.*?)```", page, re.DOTALL)]
    samples = [plain(sample) for sample in handler.samples.values()]
    assert plain(handler.samples["firing"]) in shown
    assert [body for body in shown if body not in samples] == []


def plain(sample: Sample) -> Any:
    """What a sample says, however it is spaced; None where no block shows its kind."""
    if sample.content_type.startswith("multipart/"):
        return None
    return parse_qs(sample.body.decode()) if is_form(sample) else json.loads(sample.body)
