"""Prometheus' text formats: which is chosen, and what stands in them."""

import gzip

import pytest
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

import made
from behind_the_door import Daemon
from daemon import telemetry
from daemon.exposition import OPENMETRICS, PLAIN, TEXT, Form, asked, label_name, metric_name, number
from daemon.listener.exchange import Answer, Request
from daemon.listener.web import Web
from fake_clock import FakeClock

OM = OPENMETRICS.content_type
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
AS_THE_LIBRARY = {
    "": PLAIN,
    "*/*": PLAIN,
    "text/plain": PLAIN,
    "text/plain;version=0.0.4": PLAIN,
    "application/openmetrics-text": OM,
    "application/openmetrics-text; version=1.0.0": f"{OM}; escaping=underscores",
    "application/openmetrics-text; version=0.0.1": PLAIN,
    "text/plain;version=1.0.0": "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
    "text/plain;version=1.0.0;escaping=allow-utf-8": "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    PROMETHEUS_2: f"{OM}; escaping=underscores",
    PROMETHEUS_3: f"{OM}; escaping=allow-utf-8",
}


@pytest.mark.parametrize("accept", AS_THE_LIBRARY)
def test_the_form_is_the_one_that_prometheus_own_library_would_choose(accept: str) -> None:
    assert asked(accept).content_type == AS_THE_LIBRARY[accept] == choose_encoder(accept)[1]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/openmetrics-text;q=0.1, text/plain;q=0.9", PLAIN),
        ("text/plain;q=0, application/openmetrics-text;q=0.1", OM),
        ("application/openmetrics-text;q=0", PLAIN),
        ("application/openmetrics-text; version=2.0.0", PLAIN),
        ("application/openmetrics-text; version=x.y", PLAIN),
        ("application/openmetrics-text; version=1.0.0; escaping=dots", f"{OM}; escaping=underscores"),
        ('Application/OpenMetrics-Text; Version="1.0.0"', f"{OM}; escaping=underscores"),
        ("application/openmetrics-text;q=nan", PLAIN),
        ("application/openmetrics-text;q=inf", PLAIN),
        (";;;=,=;,,", PLAIN),
        ("text/html,application/xhtml+xml,*/*;q=0.8", PLAIN),
        ("image/png," * 10_000 + "application/openmetrics-text", PLAIN),
    ],
)
def test_what_cannot_be_written_or_is_wanted_less_is_not_chosen(accept: str, content_type: str) -> None:
    assert asked(accept).content_type == content_type


@pytest.mark.parametrize("form", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
def test_every_number_of_tocsin_itself_can_be_read_back(form: Form) -> None:
    telemetry.events.labels('odd"\\\n', "new").inc()
    text = telemetry.exposition(form).decode()
    families = openmetrics_families(f"{text}# EOF\n") if form.is_openmetrics else plain_families(text)
    found = {family.name: family for family in families}
    assert 'odd"\\\n' in {sample.labels["source"] for sample in found["tocsin_events"].samples}
    assert ("# TYPE tocsin_events counter" in text) == form.is_openmetrics
    assert ("# TYPE tocsin_events_total counter" in text) == (not form.is_openmetrics)


def page(daemon: Daemon, **headers: str) -> Answer:
    asked_for = Request(method="GET", path="/metrics", query="", headers=headers)
    return Web(daemon.parts())(asked_for)


@pytest.fixture
def daemon(clock: FakeClock) -> Daemon:
    return Daemon(settings=made.settings(), clock=clock, intake=None)


def test_the_page_ends_as_its_form_ends_and_is_packed_for_whoever_takes_that(daemon: Daemon) -> None:
    plain, new = page(daemon), page(daemon, accept=PROMETHEUS_2)
    assert (plain.content_type, new.content_type) == (PLAIN, f"{OM}; escaping=underscores")
    assert b"# EOF" not in plain.body
    assert new.body.count(b"# EOF") == 1
    assert new.body.endswith(b"\n# EOF\n")
    packed = page(daemon, accept=PROMETHEUS_2, **{"accept-encoding": "gzip;q=1.0, br"})
    assert dict(packed.headers)["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body).endswith(b"\n# EOF\n")
    assert "Content-Encoding" not in dict(page(daemon, **{"accept-encoding": "gzip;q=0, br"}).headers)


@pytest.mark.parametrize("form", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
def test_each_family_is_told_of_once_and_all_of_its_lines_stand_together(daemon: Daemon, form: Form) -> None:
    lines = page(daemon, accept=form.content_type).body.decode().splitlines()
    kinds = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}
    for what in ("# HELP ", "# TYPE "):
        told = [line.split()[2] for line in lines if line.startswith(what)]
        assert sorted(told) == sorted(set(told)) == sorted(kinds)
    family, samples = "", set()
    for line in lines:
        if line.startswith("# TYPE "):
            family = line.split()[2]
        elif not line.startswith("#"):
            assert line.startswith(family)
            assert line.rpartition(" ")[0] not in samples
            samples.add(line.rpartition(" ")[0])


def test_names_become_plain_ones() -> None:
    assert [metric_name(one) for one in ("http.time", "1x", "é", "", "a:b", "päge views")] == [
        "http_time", "_1x", "_", "_", "a:b", "p_ge_views",
    ]  # fmt: skip
    assert [label_name(one) for one in ("a.b", "1", "__name__", "a:b", "")] == [
        "a_b",
        "_1",
        "label__name__",
        "a_b",
        "_",
    ]


def test_numbers_say_all_of_what_they_are() -> None:
    assert [number(one) for one in (3.0, 0.1, -2.0, 1e20, 12345678.9)] == ["3", "0.1", "-2", "1e+20", "12345678.9"]
