"""Whatever a sender writes, an event stays within bounds and keeps its identity."""

import hypothesis.strategies as st
from hypothesis import given, settings

from daemon.event import MAX_LABEL_VALUE, MAX_LABELS, MAX_TEXT, MAX_TITLE, Event, cleaned
from fake_clock import BEGIN
from made import event

ANY = st.text(st.characters(), max_size=50)


@given(title=ANY, text=ANY, key=ANY, labels=st.dictionaries(ANY, ANY, max_size=5), stamp=st.floats() | st.none())
@settings(deadline=None, max_examples=200)
def test_cleaning_never_raises_and_cleaning_twice_changes_nothing(
    title: str, text: str, key: str, labels: dict[str, str], stamp: float | None
) -> None:
    dirty = Event(source="s", title=title, text=text, key=key, labels=labels, started_at=stamp, ended_at=stamp)
    clean = cleaned(dirty, BEGIN)
    assert "\n" not in clean.title
    assert "\r" not in clean.title + clean.text
    clean.title.encode()
    assert cleaned(clean, BEGIN) == clean


def test_what_is_too_long_is_cut_at_a_character_and_marked() -> None:
    clean = cleaned(event(title="警" * 5_000, text="é" * 100_000), BEGIN)
    assert len(clean.title) == MAX_TITLE
    assert clean.title.endswith("警…")
    assert len(clean.text) == MAX_TEXT


def test_two_long_values_that_differ_at_the_end_stay_different() -> None:
    one = cleaned(event(key="x" * 1_000_000 + "1", labels={"a": "y" * 1_000_000 + "1"}), BEGIN)
    two = cleaned(event(key="x" * 1_000_000 + "2", labels={"a": "y" * 1_000_000 + "2"}), BEGIN)
    assert one.key != two.key
    assert one.labels["a"] != two.labels["a"]
    assert len(one.labels["a"]) <= MAX_LABEL_VALUE


def test_a_hundred_labels_are_bounded() -> None:
    assert len(cleaned(event(labels={f"l{i}": "v" for i in range(100)}), BEGIN).labels) == MAX_LABELS


def test_line_breaks_cannot_forge_a_line() -> None:
    clean = cleaned(event(title="fine\r\nX-Header: forged\x00\x1b[31m"), BEGIN)
    assert clean.title == "fine  X-Header: forged  [31m"


def test_links_are_web_addresses_only() -> None:
    clean = cleaned(event(links={"good": "https://x/", "bad": "javascript:alert(1)"}), BEGIN)
    assert clean.links == {"good": "https://x/"}


def test_impossible_times_are_unknown_times() -> None:
    for stamp in (-62135596800.0, 253402300799.0, float("nan"), float("inf"), 0.0):
        assert cleaned(event(started_at=stamp), BEGIN).started_at is None
    assert cleaned(event(started_at=BEGIN - 5), BEGIN).started_at == BEGIN - 5


def test_joined_emoji_stay_joined() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    clean = cleaned(Event(source="s", key="k", title=f"{family}\u200b down", text=f"{family}\x07"), BEGIN)
    assert (clean.title, clean.text) == (f"{family}  down", f"{family} ")
