"""Prometheus' text format line by line, beside what the library of its makers reads in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.parser import text_string_to_metric_families

from daemon.intakes.scrape.exposition import described, lines, sample, series

ODD = [
    ("x 1", ("x", {}, 1.0, None)),
    ("  x\t \t1   1395066363000  ", ("x", {}, 1.0, 1395066363000.0)),
    ("x{} -1.5e3", ("x", {}, -1500.0, None)),
    ('x{a="b",} +Inf', ("x", {"a": "b"}, math.inf, None)),
    ('x { a = "b" , c = "d" } 2', ("x", {"a": "b", "c": "d"}, 2.0, None)),
    ('x{a="b"}3', ("x", {"a": "b"}, 3.0, None)),
    (
        r'x{path="A\\DIR\\",error="say \"no\"\nnow"} 1',
        ("x", {"path": "A\\DIR\\", "error": 'say "no"\nnow'}, 1.0, None),
    ),
    (r'x{dir="D:\temp\new"} 1', ("x", {"dir": "D:\\temp\new"}, 1.0, None)),
    ('x{a="}",b="{ # 1 }",c="a,b=\'c\'"} 1', ("x", {"a": "}", "b": "{ # 1 }", "c": "a,b='c'"}, 1.0, None)),
    ('x{a="b # c"} 4 # {t="}"} 0.5 1.2', ("x", {"a": "b # c"}, 4.0, None)),
    ('x_bucket{le="1.0"} 1 1395066363.5 # {trace_id="abc"} 0.5 1.7', ("x_bucket", {"le": "1.0"}, 1.0, 1395066363.5)),
    ("a:b:c 7", ("a:b:c", {}, 7.0, None)),
    ('{"my.metric","a.b"="c"} 1', ("my.metric", {"a.b": "c"}, 1.0, None)),
    ('{"Größe in \\"m\\"", ort="Köln"} 1', ('Größe in "m"', {"ort": "Köln"}, 1.0, None)),
    ('x{empty=""} 1', ("x", {"empty": ""}, 1.0, None)),
]
BAD = (
    "", "   ", "x", "1", "x one", "x 1 2 3", "x 1 soon", 'x{a="b" 1', "x{a=b} 1", "x{a} 1", 'x{="b"} 1',
    'x{a="b"c="d"} 1',
    '{a="b"} 1', 'x{"a"} 1', "x 1_000", 'x{a="b"} 1 2 3', 'x{a="b\\"} 1', "<html>", "x{" + "a" * 70_000 + "} 1",
    'x{"y","z"} 1',
    '{"x","y"} 1', "x # y", "{} 1", "x 0x1p3",
)  # fmt: skip


def taken(line: str) -> tuple[str, dict[str, str], float, float | None] | None:
    found = sample(line)
    called = series(found.series) if found else None
    return (called.name, dict(called.labels), found.value, found.at) if found and called else None


@pytest.mark.parametrize(("line", "wanted"), ODD)
def test_what_the_format_allows_is_read(line: str, wanted: object) -> None:
    assert taken(line) == wanted


def test_a_backslash_that_escapes_nothing_is_one() -> None:
    line = r'x{dir="D:\temp\new",say="\q\"",n="\\n"} 1'
    ((theirs,),) = (family.samples for family in text_string_to_metric_families(line + "\n"))
    assert taken(line) == ("x", theirs.labels, 1.0, None)


@pytest.mark.parametrize("line", BAD)
def test_what_it_does_not_allow_is_none(line: str) -> None:
    assert taken(line) is None


def test_types_and_units_are_told_before_the_numbers() -> None:
    assert described("# TYPE x counter", "TYPE") == ("x", "counter")
    assert described('# TYPE "my metric" gauge', "TYPE") == ("my metric", "gauge")
    assert described("# HELP x TYPE counter", "TYPE") is None
    assert described("# TYPE x", "TYPE") is None
    assert described("#TYPE x counter", "TYPE") is None


NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,10}", fullmatch=True)
LABELS = st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,5}", fullmatch=True), st.text(max_size=20), max_size=4)


@given(NAMES, LABELS, st.floats(allow_nan=False))
def test_whatever_is_written_as_it_should_be_is_read_as_it_was_meant(
    name: str, labels: dict[str, str], value: float
) -> None:
    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

    inside = ",".join(f'{one}="{escaped(text)}"' for one, text in labels.items())
    assert taken(f"{name}{{{inside}}} {value!r}") == (name, labels, value, None)


@given(st.text(alphabet='x{}="\\, 1#\n\té', max_size=60))
def test_nothing_that_is_sent_breaks_it(text: str) -> None:
    for line in lines(text):
        taken(line)


def registry() -> CollectorRegistry:
    kept = CollectorRegistry()
    Counter("hits", "Hits.", ["path"], registry=kept).labels('/a"b\\c\nd').inc(3)
    Gauge("temperature", "Now.", registry=kept).set(-3.5)
    Histogram("took_seconds", "Took.", ["of"], registry=kept).labels("x y").observe(0.3)
    Summary("size_bytes", "Size.", registry=kept).observe(7)
    return kept


@pytest.mark.parametrize("write", [generate_latest, generate_open])
def test_what_the_library_writes_is_read_as_the_library_reads_it(write: object) -> None:
    text = write(registry()).decode()  # type: ignore[operator]
    ours = {(one[0], *sorted(one[1].items())): one[2] for one in map(taken, lines(text)) if one}
    theirs = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(generate_latest(registry()).decode())
        for one in family.samples
    }
    assert {name: value for name, value in ours.items() if "_created" not in name[0]} == {
        name: value for name, value in theirs.items() if "_created" not in name[0]
    }
