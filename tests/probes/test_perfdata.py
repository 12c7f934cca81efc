"""What plug-ins measured, as their guidelines write it, and as they write it anyway."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.probes.machine.perfdata import MOST, Metric, perfdata


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("time=0.5s", [Metric("time", 0.5, "s")]),
        ("load1=0.480;100.000;200.000;0;", [Metric("load1", 0.48, "", "100.000", "200.000", "0", "")]),
        ("/=3064B;2;2;0;5", [Metric("/", 3064, "B", "2", "2", "0", "5")]),
        ("'free space'=12%;@10:20;~:5", [Metric("free space", 12, "%", "@10:20", "~:5")]),
        ("'it''s'=1 'a=b'=2", [Metric("it's", 1, ""), Metric("a=b", 2, "")]),
        ("rta=12.5ms;100;200;0 pl=0%;20;60;0;100", [
            Metric("rta", 0.0125, "s", "100", "200", "0"), Metric("pl", 0, "%", "20", "60", "0", "100"),
        ]),
        ("a=1us b=2µs c=3μs d=4ns", [
            Metric("a", 1e-6, "s"), Metric("b", 2e-6, "s"), Metric("c", 3e-6, "s"), Metric("d", 4e-9, "s"),
        ]),
        ("a=1KB b=1MiB c=2gb d=1TB", [
            Metric("a", 1024, "B"), Metric("b", 1024**2, "B"), Metric("c", 2 * 1024**3, "B"), Metric("d", 1024**4, "B"),
        ]),
        ("packets=42c", [Metric("packets", 42, "c")]),
        ("a=-1.5e3 b=+.5 c=5.", [Metric("a", -1500, ""), Metric("b", 0.5, ""), Metric("c", 5, "")]),
        ("a=U b=U;1;2 c=3", [Metric("c", 3, "")]),
        ("a=1  b=2\tc=3\nd=4", [Metric(name, n, "") for n, name in enumerate("abcd", 1)]),
        ("twice=1 twice=2", [Metric("twice", 2, "")]),
        ("speed=3Mbit/s", [Metric("speed", 3, "Mbit/s")]),
    ],
)  # fmt: skip
def test_measurements_are_read(text: str, metrics: list[Metric]) -> None:
    found = perfdata(text)
    assert list(found) == [one.label for one in metrics]
    for got, wanted in zip(found.values(), metrics, strict=True):
        assert math.isclose(got.value, wanted.value)
        assert got._replace(value=0) == wanted._replace(value=0)


@pytest.mark.parametrize(
    "text", ["", "   ", "=5", "a", "a=", "a=x", "a==1", "''=1", "' '=1", "'open=1", "a=1e999", "a=nan", "a=1,5"]
)
def test_what_is_no_measurement_is_left_out(text: str) -> None:
    assert perfdata(text) == {}
    assert list(perfdata(f"{text} b=2")) in ([], ["b"])


def test_rubbish_between_them_hides_none() -> None:
    assert list(perfdata("a=1 what is this? b=2;;;; =7 c=3;;;;;;; d= e=5")) == ["a", "b", "c", "e"]


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    for label, metric in perfdata(text).items():
        assert label
        assert math.isfinite(metric.value)


@given(st.dictionaries(st.text(min_size=1, max_size=20).filter(str.strip), st.floats(-1e12, 1e12)))
def test_any_label_can_be_written(values: dict[str, float]) -> None:
    text = " ".join("'" + label.replace("'", "''") + f"'={value:.6f}" for label, value in values.items())
    assert list(perfdata(text)) == list(dict.fromkeys(label.strip() for label in values))


@pytest.mark.parametrize("piece", ["'", "''", "''' ", "'x'' ", "' ", "'' ''", "a=1;", "a='", "'a "])
def test_no_text_takes_long(piece: str) -> None:
    began = time.monotonic()
    assert len(perfdata(piece * 60_000)) <= MOST
    assert time.monotonic() - began < 0.5
