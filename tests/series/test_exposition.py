"""Series of applications for Prometheus: readable in both formats whatever they are called, and none twice."""

import string
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from daemon import sketch, telemetry
from daemon.config.exposing import Expose
from daemon.exposition import OPENMETRICS, TEXT, Form
from daemon.series.exposition import Showing, exposition, names
from daemon.series.key import Key, Kind, Labels, labels
from daemon.series.table import Exposed, Table
from daemon.series.tally import Tally
from fake_clock import FakeClock

FORMS = pytest.mark.parametrize("form", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
SHOP: Labels = (("app", "shop"), ("route", "/pay"))


def samples(text: bytes, form: Form) -> dict[str, float]:
    """What a reader finds; a line that comes twice fails."""
    said = text.decode()
    families = list(openmetrics_families(f"{said}# EOF\n") if form.is_openmetrics else plain_families(said))
    found = [
        (one.name + (str(dict(sorted(one.labels.items()))) if one.labels else ""), one.value)
        for family in families
        for one in family.samples
    ]
    assert [name for name, count in Counter(name for name, _ in found).items() if count > 1] == []
    assert [name for name, count in Counter(family.name for family in families).items() if count > 1] == []
    return dict(found)


def exposed(key: Key, total: float = 0.0, count: float = 0.0, tally: Tally | None = None) -> Exposed:
    return Exposed(key, count, total, total, tally)


def spread(*values: float) -> Tally:
    return Tally(len(values), sum(values), min(values), max(values), values[-1], sketch.counted(values))


@FORMS
def test_each_kind_is_shown_as_what_it_is(clock: FakeClock, form: Form) -> None:
    series = [
        exposed(Key("http.errors", Kind.COUNTER, SHOP), 7.0),
        exposed(Key("queue.length", Kind.GAUGE), 12.5),
        exposed(Key("http.time", Kind.SPREAD, (("app", "shop"),), "s"), 20.0, 100.0, spread(*[0.2] * 100)),
        exposed(Key("visitors", Kind.SET), 0.0, 0.0, Tally(distinct={1, 2, 3})),
        exposed(Key("quiet", Kind.SPREAD, (), "B"), 0.0),
    ]
    text = exposition(series, clock, form)
    assert samples(text, form) == {
        "http_errors_total{'app': 'shop', 'route': '/pay'}": 7.0,
        "queue_length": 12.5,
        "http_time_seconds{'app': 'shop', 'quantile': '0.5'}": pytest.approx(0.2),
        "http_time_seconds{'app': 'shop', 'quantile': '0.95'}": pytest.approx(0.2),
        "http_time_seconds{'app': 'shop', 'quantile': '0.99'}": pytest.approx(0.2),
        "http_time_seconds_sum{'app': 'shop'}": 20.0,
        "http_time_seconds_count{'app': 'shop'}": 100.0,
        "visitors": 3.0,
        "quiet_bytes_sum": 0.0,
        "quiet_bytes_count": 0.0,
    }
    assert (b"# TYPE http_errors_total counter" in text) == (not form.is_openmetrics)


def test_whoever_is_called_as_another_would_be_gets_another_name() -> None:
    families = [
        ("a_b", Kind.COUNTER, ""), ("a.b", Kind.COUNTER, ""), ("a-b", Kind.COUNTER, ""), ("a_b", Kind.GAUGE, ""),
        ("a_b_total", Kind.COUNTER, ""), ("t", Kind.SPREAD, ""), ("t_count", Kind.GAUGE, ""), ("up", Kind.GAUGE, ""),
        ("tocsin.probe.up", Kind.GAUGE, ""), ("x_seconds", Kind.GAUGE, "s"),
    ]  # fmt: skip
    assert names(families) == {
        ("a_b", Kind.COUNTER, ""): "a_b",
        ("a-b", Kind.COUNTER, ""): "a_b_counter",
        ("a.b", Kind.COUNTER, ""): "a_b_counter_3",
        ("a_b_total", Kind.COUNTER, ""): "a_b_counter_4",
        ("a_b", Kind.GAUGE, ""): "a_b_gauge",
        ("t", Kind.SPREAD, ""): "t",
        ("t_count", Kind.GAUGE, ""): "t_count_gauge",
        ("up", Kind.GAUGE, ""): "app_up",
        ("tocsin.probe.up", Kind.GAUGE, ""): "app_tocsin_probe_up",
        ("x_seconds", Kind.GAUGE, "s"): "x_seconds",
    }


@FORMS
def test_labels_are_escaped_and_none_is_there_twice(clock: FakeClock, form: Form) -> None:
    hostile = 'a"b\\c\nd\ud800é'
    series = [
        exposed(Key("n", Kind.GAUGE, (("a-b", "1"), ("a.b", "2"), ("quantile", "3"), ("x", hostile))), 1.0),
        exposed(Key("n", Kind.GAUGE, (("c.d", "1"),)), 2.0),
        exposed(Key("n", Kind.GAUGE, (("c_d", "1"),)), 3.0),
    ]
    found = samples(exposition(series, clock, form), form)
    assert found == {
        str("n" + str({"a_b": "1", "a_b2": "2", "label_quantile": "3", "x": 'a"b\\c\nd?é'})): 1.0,
        "n{'c_d': '1'}": 2.0,
        str("n" + str({"c_d": "1", "told_as": 'n{c_d="1"}'})): 3.0,
    }


@FORMS
def test_what_is_no_number_is_left_out(clock: FakeClock, form: Form) -> None:
    bad = [exposed(Key(f"n{at}", Kind.GAUGE), value) for at, value in enumerate((float("nan"), float("inf"), 1.0))]
    assert samples(exposition(bad, clock, form), form) == {"n2": 1.0}


KEYS = st.builds(
    lambda name, kind, pairs, unit: Key(name, kind, labels(pairs), unit),
    st.text("ab._-:1é _total" + string.whitespace, min_size=1, max_size=8) | st.sampled_from(["a_total", "a_sum", "a"]),
    st.sampled_from(Kind),
    st.lists(st.tuples(st.text("a._-1é", min_size=1, max_size=3), st.text(max_size=5)), max_size=3),
    st.sampled_from(["", "s", "B"]),
)


@FORMS
@given(st.lists(KEYS, unique=True, max_size=12))
def test_whatever_series_are_called_both_formats_can_be_read_and_nothing_is_lost(form: Form, keys: list[Key]) -> None:
    series = [exposed(key, 1.0, 1.0, Tally(1.0, 1.0, 1.0, 1.0, 1.0, sketch.counted([1.0]), {1})) for key in keys]
    found = samples(exposition(series, FakeClock(), form), form)
    samples_of = {Kind.COUNTER: 1, Kind.GAUGE: 1, Kind.SET: 1, Kind.SPREAD: 5}
    assert len(found) == sum(samples_of[key.kind] for key in keys)


def test_ten_thousand_series_are_written_in_turns() -> None:
    class Counted(FakeClock):
        turns = 0

        def monotonic(self) -> float:
            self.turns += 1
            return self.turns * 0.001

        def breathe(self) -> None:
            self.turns += 1

    counted = Counted()
    series = [exposed(Key("n", Kind.COUNTER, (("id", str(number)),)), 1.0) for number in range(10_000)]
    assert exposition(series, counted, TEXT).count(b"n_total{") == 10_000
    assert counted.turns > 22_000  # 20,000 looks at the clock, and thousands of pauses between


class Living(Table):
    """A table of what a test says lives."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.live: list[Exposed] = []

    def exposed(self, wanted: Callable[[Key], bool] = lambda _: True) -> Iterator[Exposed]:
        yield from (one for one in self.live if wanted(one.key))


def test_only_what_is_chosen_is_shown_and_no_more_than_is_allowed(clock: FakeClock) -> None:
    table = Living(clock)
    for number in range(5):
        table.live.append(exposed(Key("http.errors", Kind.COUNTER, (("app", "shop"), ("route", f"/{number}"))), 1.0))
        table.live.append(exposed(Key("queue", Kind.GAUGE, (("number", str(number)),)), float(number)))
    chosen = [Expose()]
    showing = Showing(table, clock, lambda: chosen[0])
    assert showing(TEXT) == b""
    for expose, count, left in (
        (Expose(everything=True), 10, 0),
        (Expose(everything=True, most=4), 4, 6),
        (Expose(select=("queue",)), 5, 0),
        (Expose(select=('http.*{route="/3"}', "nothing")), 1, 0),
        (Expose(), 0, 0),
    ):
        chosen[0] = expose
        assert len(samples(showing(TEXT), TEXT)) == count
        assert telemetry.unexposed._value.get() == left


def test_what_has_a_new_name_has_one_series_and_nothing_is_left_of_the_old_one(clock: FakeClock) -> None:
    """Uptime Kuma showed both, and statsd_exporter keeps what nobody sends any more."""
    table = Living(clock)
    showing = Showing(table, clock, lambda: Expose(everything=True))
    for name in ("old", "new"):
        table.live[:] = [exposed(Key(name, Kind.GAUGE), 1.0)]
        assert samples(showing(TEXT), TEXT) == {name: 1.0}
