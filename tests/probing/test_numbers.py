"""What /metrics says of probes."""

from prometheus_client.parser import text_string_to_metric_families

from daemon.probing.numbers import exposition
from daemon.probing.watched import Watched
from daemon.reading import Health, Reading
from fake_clock import FakeClock
from probes_by_hand import plan

SEEN = Reading(
    health=Health.UP,
    detail="",
    phases={"connect": 0.002},
    values={
        "status": 200,
        "cert.days": 31.5,
        "ok": True,
        "ip": "10.0.0.1",
        "names": ["a"],
        "perfdata": {'load"1': 0.5, "text": "x", "endless": float("inf")},
    },
)


def watched(name: str, reading: Reading | None = None) -> Watched:
    one = Watched(plan(name), 0.0)
    one.reading = reading
    return one


def test_prometheus_reads_it(clock: FakeClock) -> None:
    text = exposition([watched('odd"name\\', SEEN), watched("fresh")], clock).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    values = {sample.labels["value"]: sample.value for sample in families["tocsin_probe_value"].samples}
    assert values == {"status": 200, "cert.days": 31.5, "ok": 1, 'perfdata.load"1': 0.5}
    assert {sample.labels["probe"] for sample in families["tocsin_probe_seconds"].samples} == {
        'odd"name\\',
        "fresh",
    }
    assert families["tocsin_probe_up"].samples == []


def test_nothing_is_said_where_there_are_no_probes(clock: FakeClock) -> None:
    assert exposition([], clock) == b""
