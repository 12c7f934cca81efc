"""What the real `datadog` client sends is what the example's stand-in for the agent understands."""

from collections.abc import Callable, Iterator

import pytest
from datadog.dogstatsd.base import DogStatsd
from gevent import socket
from hypothesis import given, settings
from hypothesis import strategies as st

from dogstatsd import Agent, Metric, Point, parse

Hear = Callable[[], bytes]


@pytest.fixture
def wire() -> Iterator[tuple[int, Hear]]:
    """A UDP port, and the next datagram that comes there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(3)
        yield ear.getsockname()[1], lambda: ear.recv(65_535)


@pytest.fixture
def client(wire: tuple[int, Hear]) -> Iterator[DogStatsd]:
    """The client as a program has it, with one tag for everything."""
    opened = DogStatsd("127.0.0.1", wire[0], constant_tags=["service:trading"], origin_detection_enabled=False)
    yield opened
    opened.close_socket()


def heard(datagram: bytes) -> Metric:
    """The only metric of a datagram in which nothing else is."""
    metrics, skipped = parse(datagram)
    (metric,) = metrics
    assert skipped == 0
    return metric


def flushed(*datagrams: bytes) -> dict[str, float]:
    agent = Agent()
    for datagram in datagrams:
        agent.take(parse(datagram)[0])
    return {point.name: point.value for point in agent.flush()}


TAGS = ("service:trading", "venue:sse")


def test_a_gauge(wire: tuple[int, Hear], client: DogStatsd) -> None:
    client.gauge("trading.open_orders", 7, tags=["venue:sse"])
    assert heard(wire[1]()) == Metric("trading.open_orders", "g", (7.0,), 1.0, TAGS)


def test_a_negative_gauge_is_a_value_and_no_difference(wire: tuple[int, Hear], client: DogStatsd) -> None:
    client.gauge("trading.position", 5)
    client.gauge("trading.position", -3)
    assert flushed(wire[1](), wire[1]()) == {"trading.position": -3.0}


def test_an_increment(wire: tuple[int, Hear], client: DogStatsd) -> None:
    client.increment("trading.orders", tags=["venue:sse"])
    assert heard(wire[1]()) == Metric("trading.orders", "c", (1.0,), 1.0, TAGS)


def test_increments_and_decrements_add_up(wire: tuple[int, Hear], client: DogStatsd) -> None:
    client.increment("trading.orders", 5)
    client.decrement("trading.orders", 2)
    assert flushed(wire[1](), wire[1]()) == {"trading.orders": 3.0}


@pytest.mark.parametrize("call", ["histogram", "distribution", "timing"])
def test_a_sample(wire: tuple[int, Hear], client: DogStatsd, call: str) -> None:
    getattr(client, call)("trading.order.latency", 41.5, tags=["venue:sse"])
    metric = heard(wire[1]())
    assert (metric.name, metric.values, metric.tags) == ("trading.order.latency", (41.5,), TAGS)


def test_samples_become_what_an_agent_reports_of_them(wire: tuple[int, Hear], client: DogStatsd) -> None:
    for value in range(1, 101):
        client.histogram("latency", value)
    assert flushed(*(wire[1]() for _ in range(100))) == {
        "latency.avg": 50.5,
        "latency.count": 100.0,
        "latency.max": 100.0,
        "latency.median": 50.0,
        "latency.95percentile": 95.0,
    }


def test_a_sample_rate_multiplies_what_came(wire: tuple[int, Hear], client: DogStatsd) -> None:
    port, hear = wire
    datagrams = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        for _ in range(200):  # half of them are left out by the client; what is in the ear then is all of them
            client.increment("trading.orders", sample_rate=0.5)
        own.sendto(b"end:1|c", ("127.0.0.1", port))
        while (datagram := hear()) != b"end:1|c":
            datagrams.append(datagram)
    assert 50 < len(datagrams) < 150
    assert heard(datagrams[0]).rate == 0.5
    assert flushed(*datagrams) == {"trading.orders": 2.0 * len(datagrams)}


def test_several_metrics_in_one_datagram(wire: tuple[int, Hear]) -> None:
    with DogStatsd("127.0.0.1", wire[0], disable_buffering=False, origin_detection_enabled=False) as client:
        client.gauge("open", 7)
        client.increment("orders", tags=["venue:sse"])
        client.histogram("latency", 41.5)
    metrics, skipped = parse(wire[1]())
    assert [(metric.name, metric.kind, metric.values) for metric in metrics] == [
        ("open", "g", (7.0,)),
        ("orders", "c", (1.0,)),
        ("latency", "h", (41.5,)),
    ]
    assert skipped == 0


def test_several_values_in_one_line_and_sections_nobody_knows() -> None:
    assert heard(b"latency:12:15:9|ms|#venue:sse|T1795222800|c:ci-1|e:it-false|card:low|@0.5\n") == Metric(
        "latency", "ms", (12.0, 15.0, 9.0), 0.5, ("venue:sse",)
    )


def test_events_checks_and_sets_are_counted_and_left_out(wire: tuple[int, Hear], client: DogStatsd) -> None:
    client.event("Deploy | done", "line1\nline2")
    client.service_check("redis", 2)
    client.set("users", "lin")
    assert [parse(wire[1]()) for _ in range(3)] == [([], 1)] * 3


def test_what_the_client_tells_of_itself_is_no_metric_of_the_program(wire: tuple[int, Hear]) -> None:
    client = DogStatsd("127.0.0.1", wire[0], telemetry_min_flush_interval=0, origin_detection_enabled=False)
    client.gauge("open", 7)
    datagrams = [wire[1](), wire[1]()]
    client.close_socket()
    assert b"datadog.dogstatsd.client.metrics" in b"".join(datagrams)
    assert [metric.name for datagram in datagrams for metric in parse(datagram)[0]] == ["open"]
    assert sum(parse(datagram)[1] for datagram in datagrams) == 0


def test_series_are_told_apart_by_their_tags_in_any_order() -> None:
    agent = Agent()
    agent.take(parse(b"orders:1|c|#a:1,b:2\norders:1|c|#b:2,a:1\norders:1|c|#a:2")[0])
    assert agent.flush() == [Point("orders", ("a:1", "b:2"), 2.0), Point("orders", ("a:2",), 1.0)]
    assert agent.flush() == []


@pytest.mark.parametrize(
    "line",
    [b"", b"\n\n", b"nothing", b"a:b|c", b"a:1", b"a:1|", b":1|c", b"a:1|x", b"a:nan|g", b"a:1|c|@0", b"a:1|c|@2"],
)
def test_what_cannot_be_read_is_counted_and_stops_nothing(line: bytes) -> None:
    metrics, skipped = parse(line + b"\ngood:1|c")
    assert [metric.name for metric in metrics] == ["good"]
    assert skipped == (1 if line.strip() else 0)


@settings(max_examples=50)
@given(st.binary(max_size=80))
def test_no_datagram_breaks_it(datagram: bytes) -> None:
    agent = Agent()
    agent.take(parse(datagram)[0])
    agent.flush()
