"""Looked at from several places, each another tocsin behind a real ZeroMQ port."""

import dataclasses
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import gevent
import msgspec
import pytest
import zmq.green as zmq

from daemon.clock import SystemClock
from daemon.conditions.parse import parse
from daemon.config.fleet import HERE, ForOthers, Node
from daemon.config.looking import ProbePlan
from daemon.config.places import unknown
from daemon.config.settings import Auth, Curve, CurveClient, Settings
from daemon.control.port import ControlPort
from daemon.event import Event, State
from daemon.loading import probe_kinds
from daemon.methods import probes
from daemon.methods.parts import Parts
from daemon.methods.table import Table
from daemon.probes.http import Http
from daemon.probes.tcp import Tcp
from daemon.probing.carried import packed, unpacked
from daemon.probing.scheduler import Scheduler
from daemon.probing.vantage import Nodes, can_travel, together
from daemon.reading import Health, Past, Reading
from daemon.secret import Secret
from daemon.units import Quorum, Seconds
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Plans, Scripted, plan
from until import until

SERVER, OURS, STRANGER = zmq.curve_keypair(), zmq.curve_keypair(), zmq.curve_keypair()
UNSEEN = Reading(health=Health.UNKNOWN, detail="far did not answer within 1 s")
SLOW = Reading(health=Health.DEGRADED, detail="slow", failed=("time < 1s: it was 2s",))
MAY_LOOK = Settings(
    auth=Auth(
        curve=Curve(
            secret_key=Secret(SERVER[1].decode()),
            clients=(CurveClient(name="centre", public=OURS[0].decode(), may=("look",)),),
        )
    ),
    for_others=ForOthers(near=True),
)


@contextmanager
def another_tocsin(settings: Settings = MAY_LOOK) -> Iterator[str]:
    """One that runs probes for others; yields its endpoint."""
    scheduler = Scheduler(lambda: settings, SystemClock(), lambda _: None)
    scheduler.start()
    table = Table()
    probes.add(table, cast("Parts", SimpleNamespace(scheduler=scheduler, probe_kinds=probe_kinds)))
    port = ControlPort(table, lambda: settings, SystemClock(), "tcp://127.0.0.1:0")
    port.start()
    try:
        yield port.endpoint
    finally:
        port.stop()
        scheduler.stop()


@pytest.fixture
def far() -> Iterator[Node]:
    with another_tocsin() as endpoint:
        yield node("far", endpoint)


def node(name: str, url: str, keys: tuple[bytes, bytes] = OURS) -> Node:
    return Node(name=name, url=url, server_key=SERVER[0].decode(), secret_key=Secret(keys[1].decode()))


@pytest.fixture
def closed() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def looked(plan: ProbePlan, *nodes: Node) -> Reading:
    known = {one.name: one for one in nodes}
    return Nodes(lambda: known, SystemClock()).look(plan, lambda: plan.probe.look_on(Past(now=0.0)), Past(now=0.0))


def tcp(port: int, *places: str, timeout: float = 2) -> ProbePlan:
    probe = Tcp(host="127.0.0.1", port=port, timeout=Seconds(timeout))
    return ProbePlan(name="db", type="tcp", probe=probe, places=places)


def test_a_node_looks_and_its_reading_carries_its_name(far: Node, open_port: int) -> None:
    reading = looked(tcp(open_port, "far", HERE), far)
    assert reading.health is Health.UP
    assert {place: one.health for place, one in reading.by_place.items()} == {"far": Health.UP, HERE: Health.UP}
    assert "connect" in reading.by_place["far"].phases
    assert reading.evidence["from far"].startswith("up, ")


def test_what_is_down_from_everywhere_is_down(far: Node, closed: int) -> None:
    reading = looked(tcp(closed, "far", HERE), far)
    assert reading.health is Health.DOWN
    assert "far: down (connection refused" in reading.detail
    assert "here: down (connection refused" in reading.detail


def test_what_is_upside_down_is_so_from_everywhere(far: Node, open_port: int, closed: int) -> None:
    shut = looked(dataclasses.replace(tcp(closed, "far"), upside_down=True), far)
    assert (shut.health, shut.by_place["far"].health) == (Health.UP, Health.UP)
    works = looked(dataclasses.replace(tcp(open_port, "far"), upside_down=True), far)
    assert works.health is Health.DOWN
    assert works.detail.startswith("far: down (it works, and should not: connected")


def test_a_node_that_is_away_has_seen_nothing(open_port: int, closed: int) -> None:
    away = Node(name="away", url=f"tcp://127.0.0.1:{closed}")
    reading = looked(tcp(open_port, "away", HERE, timeout=0.1), away)
    assert reading.by_place["away"].health is Health.UNKNOWN
    assert reading.by_place["away"].detail.startswith("away did not answer within 2.1 s")
    assert reading.health is Health.UP


def test_a_node_that_does_not_know_us_has_seen_nothing(open_port: int) -> None:
    with another_tocsin() as endpoint:
        reading = looked(tcp(open_port, "far", timeout=0.1), node("far", endpoint, STRANGER))
    assert reading.health is Health.UNKNOWN
    assert STRANGER[1].decode() not in repr(reading)


def test_who_may_only_read_may_not_have_us_look(open_port: int) -> None:
    client = CurveClient(name="wall", public=OURS[0].decode(), may=("read",))
    settings = Settings(auth=Auth(curve=Curve(secret_key=Secret(SERVER[1].decode()), clients=(client,))))
    with another_tocsin(settings) as endpoint:
        reading = looked(tcp(open_port, "far"), node("far", endpoint))
    assert "lacks the right" in reading.detail


def test_something_else_that_answers_is_no_node(open_port: int) -> None:
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    answers = [b"\xff{", b"[]", b'{"id": 1, "result": 1}', b'{"id": null, "error": {"message": "no"}}', b"x" * 10_000]

    def serve() -> None:
        for answer in answers:
            who, *_ = router.recv_multipart()
            router.send_multipart([who, b"", answer])

    serving = gevent.spawn(serve)
    try:
        for _ in answers:
            reading = looked(tcp(open_port, "far"), Node(name="far", url=f"tcp://127.0.0.1:{port}"))
            assert reading.health is Health.UNKNOWN
            assert reading.detail.startswith(("far: unknown (what listens at", "far: unknown (far "))
    finally:
        serving.kill()
        router.close(linger=0)
        context.term()


@pytest.mark.parametrize(
    ("readings", "quorum", "health"),
    [
        ((BAD, BAD, GOOD), "2 of 3", Health.DOWN),
        ((BAD, GOOD, GOOD), "2 of 3", Health.DEGRADED),
        ((GOOD, GOOD, GOOD), "2 of 3", Health.UP),
        ((SLOW, GOOD, GOOD), "2 of 3", Health.DEGRADED),
        ((BAD, UNSEEN, UNSEEN), "2 of 3", Health.DOWN),
        ((BAD, GOOD, UNSEEN), "2 of 3", Health.DEGRADED),
        ((BAD, BAD, GOOD), "3 of 3", Health.DEGRADED),
        ((UNSEEN, UNSEEN, UNSEEN), "2 of 3", Health.UNKNOWN),
        ((GOOD, UNSEEN, UNSEEN), "2 of 3", Health.UP),
        ((BAD, GOOD, GOOD), "1 of 3", Health.DOWN),
    ],
)
def test_enough_of_them_must_say_so(readings: tuple[Reading, ...], quorum: str, health: Health) -> None:
    places = {f"p{number}": reading for number, reading in enumerate(readings)}
    assert together(places, Quorum.parse(quorum)).health is health


def test_more_than_half_is_enough_where_nobody_says_otherwise() -> None:
    assert tcp(1, "a", "b", "c").agreement == Quorum(2, 3)
    assert tcp(1, "a", "b").agreement == Quorum(2, 2)
    assert tcp(1).agreement == Quorum(1, 1)


def test_a_failed_condition_says_from_where() -> None:
    assert together({"a": SLOW, "b": GOOD}, Quorum(2, 2)).failed == ("time < 1s: it was 2s (from a)",)


def test_settings_arrive_as_they_were_sent() -> None:
    probe = Http(
        url="https://user:pass@shop.example.com/?a=b",
        headers={"Authorization": Secret("Bearer ${HOME} file:/etc/passwd")},
        status=("200", "404"),
        timeout=Seconds(3),
    )
    sent = msgspec.json.decode(msgspec.json.encode(packed(probe)))
    assert unpacked(Http, sent) == probe


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "no url"}, "url"),
        ({"url": "http://x/", "timeout": 3_600}, "too long"),
        ({"url": "http://x/", "timeout": 0}, "out of bounds"),
        ({"url": "http://x/", "timeout": "soon"}, "cannot be used"),
        ({"url": "http://x/", "ca_file": "/etc/shadow"}, "names a file"),
        ({"url": "http://x/", "exec": "id"}, "no setting 'exec'"),
        ({}, "cannot be used"),
        ({"url": ["http://x/"]}, "cannot be used"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        unpacked(Http, settings)


def test_no_command_and_no_file_is_run_for_others() -> None:
    kinds = probe_kinds()
    for name in {"command", "log", "process", "service", "disk", "memory", "load", "heartbeat"} & set(kinds):
        assert not kinds[name].FOR_OTHERS, name  # type: ignore[attr-defined]
    assert not can_travel(Scripted())


def test_before_it_is_called_down_a_node_is_asked(clock: FakeClock) -> None:
    probe = Tcp(host="192.0.2.1", port=9, timeout=Seconds(0.2))
    shop = ProbePlan(name="shop", type="tcp", probe=probe, every=Seconds(10), fail_after=Quorum(1, 1))
    well = msgspec.json.encode(GOOD)
    others = Nodes(lambda: {"far": Node(name="far", url="tcp://x:1")}, clock, lambda *_: well)
    events: list[Event] = []
    scheduler = Scheduler(Plans(shop), clock, events.extend, others=others)
    scheduler.start()
    try:
        until(lambda: clock.advance(1) or events)  # type: ignore[func-returns-value]
    finally:
        scheduler.stop()
    (event,) = [event for event in events if event.state is State.FIRING]
    assert "from far: up (200 OK)" in event.text


def problems(shop: ProbePlan, *nodes: str) -> list[str]:
    known = {name: Node(name=name, url="tcp://x:1") for name in nodes}
    return [text for _, text in unknown(Settings(probes={shop.name: shop}, nodes=known))]


def test_places_exist_and_can_look() -> None:
    assert problems(tcp(1, "far", HERE), "far") == []
    assert problems(tcp(1, "fra"), "far") == ['there is no node "fra"; did you mean "far"?']
    assert problems(tcp(1, "far", "far"), "far") == ['"far" stands twice']
    assert "look at their own machine" in problems(plan("x", places=("far",)), "far")[0]
    assert (
        "no node has the file of ca_file"
        in problems(
            ProbePlan(name="s", type="http", probe=Http(url="https://x/", ca_file="/ca"), places=("far",)), "far"
        )[0]
    )
    assert problems(plan("x", quorum=Quorum(2, 3)))[0].startswith("is of 3")


def test_a_node_is_not_called_here_and_has_both_keys_or_none() -> None:
    for wrong in ({"name": HERE}, {"server_key": "x" * 40}, {"secret_key": Secret("x" * 40)}):
        with pytest.raises(ValueError, match=r"choose another name|belong together"):
            Node(**{"name": "far", "url": "tcp://x:1"} | wrong)  # type: ignore[arg-type]


def test_a_node_judges_by_the_conditions_that_hold_for_it(far: Node, open_port: int) -> None:
    gives = Tcp.gives()
    shop = dataclasses.replace(
        tcp(open_port, "far", HERE),
        degraded=(parse("time.connect < 0.000001ms from far", gives), parse("time.connect > 1h from here", gives)),
    )
    known = {"far": far}
    reading = Nodes(lambda: known, SystemClock()).look(shop, lambda: GOOD, Past(now=0.0))
    assert reading.by_place["far"].health is Health.DEGRADED
    assert reading.failed[0].startswith("time.connect < 0.000001ms from far: it was ")
    assert reading.failed[0].endswith(" (from far)")


def test_a_condition_about_a_place_that_is_not_asked_is_wrong() -> None:
    shop = dataclasses.replace(tcp(1), down=(parse("time.connect < 1s from far", Tcp.gives()),))
    assert problems(shop, "far") == ['"time.connect < 1s from far" is about a place that is not in `from`']


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "169.254.169.254", "::ffff:127.0.0.1", "100.100.100.200"]
)
def test_nobody_looks_through_a_node_at_the_node_itself(host: str, open_port: int) -> None:
    with another_tocsin(dataclasses.replace(MAY_LOOK, for_others=ForOthers())) as endpoint:
        probe = Tcp(host=host, port=open_port, timeout=Seconds(2))
        reading = looked(ProbePlan(name="db", type="tcp", probe=probe, places=("far",)), node("far", endpoint))
    assert reading.health is Health.UNKNOWN  # a name may lead home at this one node alone: that is no opinion
    assert f"{host} is this machine itself" in reading.detail
