"""Nodes that lie, that are away, that are asked by many; and what is believed of places when this one cannot see."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gevent
import msgspec
import pytest
import zmq.green as zmq
from gevent.event import Event as Signal

from daemon.clock import Clock, SystemClock
from daemon.config.fleet import HERE, Node
from daemon.config.looking import ProbePlan
from daemon.config.places import unknown
from daemon.config.settings import Settings
from daemon.errors import NodeAway, NodeError
from daemon.event import Event, State
from daemon.probes.dns import Dns
from daemon.probes.tcp import Tcp
from daemon.probing.numbers import exposition
from daemon.probing.received import received
from daemon.probing.scheduler import FOR_OTHERS, Scheduler
from daemon.probing.vantage import AT_ONCE, AWAY, Nodes, doubted, together
from daemon.reading import Health, Past, Reading
from daemon.units import Quorum, Seconds
from fake_clock import FakeClock, settle
from probes_by_hand import BAD, GOOD, Hanging, Plans, Scripted, plan

BLIND = Reading(health=Health.UNKNOWN, detail="tocsin is cut off", blind=True)
AWAY_READING = Reading(health=Health.UNKNOWN, detail="far did not answer")
PROBE = Tcp(host="192.0.2.1", port=9, timeout=Seconds(1))
DNS = Dns(name="example.com")


@dataclass(frozen=True, kw_only=True)
class Refused(Scripted):
    """Is down, and can be asked for from elsewhere."""

    def look(self) -> Reading:
        return BAD


def sent(**reading: Any) -> bytes:
    return msgspec.json.encode({"health": "up", "detail": "fine"} | reading)


@pytest.mark.parametrize(
    "raw", [b"", b"1", b"[]", b"{}", b'{"health": "best"}', b"\xff", b"[" * 100_000, b'{"health": 1}']
)
def test_what_is_no_reading_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="is not a reading"):
        received(raw, PROBE)


def test_nothing_is_taken_from_a_node_that_is_ours_to_say() -> None:
    raw = sent(blind=True, near=True, notes="AAAA", body="AAAA", sure=True, by_place={"here": {"health": "down"}})
    assert received(raw, PROBE) == Reading(health=Health.UP, detail="fine")


def test_only_phases_that_there_are_and_that_can_be_are_taken() -> None:
    phases = {"total": 2.0, "connect": -1.0, "resolve": 1e300, "tea": 3.0}
    assert received(sent(phases=phases), PROBE).phases == {"total": 2.0}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"x": value}
    return value


def test_only_values_that_the_kind_gives_in_the_form_that_it_gives_them_are_taken() -> None:
    values = {
        "rcode": "NOERROR\x1b[2J",
        "answers": ["1.2.3.4", {"deep": 1}, 7, None] + ["x"] * 10_000,
        "answers.count": deep(500),
        "ttl": 10**400,
        "serial": [1],
        "authenticated": True,
        "ns": "no list",
        "invented": 1,
    }
    taken = received(sent(values=values), DNS).values
    assert taken | {"answers": []} == {"rcode": "NOERROR [2J", "answers": [], "authenticated": True}
    assert taken["answers"][:3] == ["1.2.3.4", 7, "x"]
    assert len(taken["answers"]) <= 100


def test_no_more_is_taken_than_people_read_and_nothing_that_moves_their_cursor() -> None:
    raw = sent(
        detail="a\r\n\x1b[31mb" + "x" * 100_000,
        evidence={f"e{number}\n": "line\nline\x00" + "y" * 50_000 for number in range(200)},
        failed=["f" * 10_000] * 1_000,
    )
    reading = received(raw, PROBE)
    assert reading.detail.startswith("a [31mbx")
    assert "\n" not in "".join([reading.detail, *reading.failed, *reading.evidence])
    assert len(msgspec.json.encode(reading)) < 500_000
    assert "\x00" not in "".join(reading.evidence.values())


def test_what_a_node_says_breaks_no_metrics(clock: FakeClock) -> None:
    answers: list[bytes] = [sent(values={"rcode": deep(900), "ttl": 10**400, "a.b": 1, "a": {"b": 1}})]
    shop = ProbePlan(name="s", type="dns", probe=DNS, every=Seconds(10), places=("far",))
    others = Nodes(lambda: {"far": Node(name="far", url="tcp://x:1")}, clock, lambda *_: answers[0])
    scheduler = Scheduler(Plans(shop), clock, lambda _: None, others=others)
    scheduler.start()
    clock.advance(30)
    assert b'tocsin_probe_up{probe="s"} 1' in exposition(list(scheduler._watched.values()), clock)
    scheduler.stop()


class Asked:
    """Answers for nodes, as told; knows how many questions are in work."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.failure: Exception | None = None
        self.asked = 0
        self.running = 0
        self.most = 0
        self.open = Signal()
        self.open.set()

    def __call__(self, node: Node, method: str, params: dict[str, Any], within: float) -> bytes:
        del node, method, params
        self.asked += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            self.open.wait()
            if isinstance(self.failure, NodeAway):
                self.clock.sleep(within)
            if self.failure is not None:
                raise self.failure
            return sent()
        finally:
            self.running -= 1


FAR = {"far": Node(name="far", url="tcp://x:1")}


def from_far(nodes: Nodes) -> Reading:
    shop = ProbePlan(name="s", type="tcp", probe=PROBE, places=("far",))
    return nodes.look(shop, lambda: GOOD, Past(now=0.0)).by_place["far"]


def waited(clock: FakeClock, nodes: Nodes, seconds: float) -> Reading:
    looking = gevent.spawn(from_far, nodes)
    clock.advance(seconds)
    return looking.get(timeout=1)


def test_a_node_that_is_away_is_waited_for_once_and_not_by_each_look(clock: FakeClock) -> None:
    ask = Asked(clock)
    nodes = Nodes(lambda: FAR, clock, ask)
    ask.failure = NodeAway("far did not answer")
    assert waited(clock, nodes, 3).detail == "far did not answer"
    for _ in range(10):
        assert from_far(nodes).detail == "far could not be reached a moment ago (tcp://x:1)"
    assert ask.asked == 1
    clock.advance(AWAY)
    trying = gevent.spawn(from_far, nodes)
    clock.advance(1)
    assert "a moment ago" in from_far(nodes).detail  # one tries for all
    clock.advance(3)
    trying.get(timeout=1)
    clock.advance(AWAY)
    ask.failure = None
    assert [from_far(nodes).health for _ in range(3)] == [Health.UP] * 3


def test_a_node_that_says_no_is_not_away(clock: FakeClock) -> None:
    ask = Asked(clock)
    nodes = Nodes(lambda: FAR, clock, ask)
    ask.failure = NodeError("far says: no\n\x1b[2J")
    assert [from_far(nodes).detail for _ in range(3)] == ["far says: no [2J"] * 3
    assert ask.asked == 3


def test_so_many_questions_are_in_work_at_one_node(clock: FakeClock) -> None:
    ask = Asked(clock)
    ask.open.clear()
    nodes = Nodes(lambda: FAR, clock, ask)
    asking = [gevent.spawn(from_far, nodes) for _ in range(3 * AT_ONCE)]
    settle()
    assert ask.running == AT_ONCE
    ask.open.set()
    gevent.joinall(asking, timeout=2, raise_error=True)
    assert {one.value.health for one in asking} == {Health.UP}
    assert ask.most == AT_ONCE


def test_a_place_that_is_gone_since_the_plan_was_made_is_no_fault_of_what_is_looked_at(clock: FakeClock) -> None:
    shop = ProbePlan(name="s", type="tcp", probe=PROBE, places=("far",))
    assert Nodes(dict, clock, Asked(clock)).look(shop, lambda: GOOD, Past(now=0.0)).health is Health.UNKNOWN


def test_one_tocsin_is_not_two_places() -> None:
    nodes = {name: Node(name=name, url="tcp://x:1") for name in ("a", "b")}
    assert list(unknown(Settings(nodes=nodes))) == [
        (("nodes", "b", "url"), 'is that of "a" already: one tocsin would count as two')
    ]


def seen_by_nobody(reading: Reading) -> Reading:
    return BLIND if reading.health is not Health.UP else reading


@pytest.mark.parametrize(
    ("places", "health", "blind"),
    [
        ({HERE: BAD, "a": GOOD, "b": GOOD}, Health.UP, False),  # it is us, and not the shop
        ({HERE: BAD, "a": BAD, "b": BAD}, Health.DOWN, False),  # the others saw it
        ({HERE: BAD, "a": BAD, "b": GOOD}, Health.DEGRADED, False),
        ({HERE: GOOD, "a": BAD, "b": BAD}, Health.DOWN, False),
        ({HERE: BAD, "a": AWAY_READING}, Health.UNKNOWN, True),
        ({"a": AWAY_READING}, Health.UNKNOWN, True),
        ({"a": BAD}, Health.DOWN, False),
    ],
)
def test_while_this_place_is_cut_off_the_others_still_see(
    places: dict[str, Reading], health: Health, blind: bool
) -> None:
    shop = ProbePlan(name="s", type="tcp", probe=PROBE, places=tuple(places))
    reading = doubted(together(places, shop.agreement), shop, seen_by_nobody)
    assert (reading.health, reading.blind) == (health, blind)


def test_a_centre_that_is_cut_off_has_one_alarm_and_not_one_of_each_probe(clock: FakeClock) -> None:
    class CutOff:
        def seen(self, plan: ProbePlan, reading: Reading, began: float) -> Reading:
            del plan, began
            return seen_by_nobody(reading)

    ask = Asked(clock)
    ask.failure = NodeError("far is not there")
    events = list[Event]()
    shops = [
        dataclasses.replace(plan(f"s{places}", every=10), places=places, probe=Refused())
        for places in (("far",), ("far", HERE))
    ]
    others = Nodes(lambda: FAR, clock, ask)
    scheduler = Scheduler(Plans(*shops), clock, events.extend, others=others, sight=CutOff())
    scheduler.start()
    clock.advance(100)
    scheduler.stop()
    assert [event.key for event in events if event.state is State.FIRING] == []


@pytest.fixture
def node(clock: FakeClock) -> Iterator[Scheduler]:
    scheduler = Scheduler(Plans(), clock, lambda _: None)
    scheduler.start()
    yield scheduler
    scheduler.stop()


def for_others(answer: Callable[[], Reading]) -> ProbePlan:
    return ProbePlan(name="for others", type="scripted", probe=Scripted(answer=answer))


@contextmanager
def rubbish(raw: bytes) -> Iterator[str]:
    """A node that answers everything with this; yields its endpoint."""
    server = zmq.Context.instance().socket(zmq.ROUTER)
    port = server.bind_to_random_port("tcp://127.0.0.1")
    answering = gevent.spawn(lambda: server.send_multipart([*server.recv_multipart()[:-1], raw]))
    yield f"tcp://127.0.0.1:{port}"
    answering.kill()
    server.close(0)


def test_a_node_looks_for_so_many_at_once_and_says_so_to_the_others(node: Scheduler) -> None:
    hanging = Hanging()
    running = [gevent.spawn(node.run_for, for_others(hanging), "far") for _ in range(FOR_OTHERS)]
    settle()
    assert "in work already" in node.run_for(for_others(lambda: GOOD), "far").detail
    hanging.go.set()
    gevent.joinall(running, timeout=1, raise_error=True)
    assert node.run_for(for_others(lambda: GOOD), "far").health is Health.UP


def broken() -> Reading:
    raise RuntimeError("a fault of this node's own")


@pytest.mark.parametrize("answer", [broken, Hanging()])
def test_what_breaks_or_hangs_at_a_node_is_no_news_of_what_it_looked_at(
    node: Scheduler, clock: FakeClock, caplog: pytest.LogCaptureFixture, answer: Callable[[], Reading]
) -> None:
    looking = gevent.spawn(node.run_for, for_others(answer), "far")
    clock.advance(60)
    assert looking.get(timeout=1).health is Health.UNKNOWN
    caplog.clear()


def test_a_node_that_answers_with_rubbish_has_seen_nothing() -> None:
    deep_ = b"[" * 100_000 + b"]" * 100_000
    for raw in (deep_, b'{"id": %b}' % deep_, b"\xff", b"", b'{"id": 1, "error": []}', b'{"id": 7, "result": 1}'):
        with rubbish(raw) as url:
            known = {"far": Node(name="far", url=url)}
            assert from_far(Nodes(lambda known=known: known, SystemClock())).health is Health.UNKNOWN, raw[:20]


def test_quorum_counts_only_who_could_look() -> None:
    for readings, health in (
        ((BAD, BAD, AWAY_READING, AWAY_READING, AWAY_READING), Health.DOWN),
        ((BAD, BAD, GOOD, AWAY_READING, AWAY_READING), Health.DEGRADED),
        ((BAD, BAD, BAD, GOOD, GOOD), Health.DOWN),
    ):
        places = {f"n{number}": reading for number, reading in enumerate(readings)}
        assert together(places, Quorum(3, 5)).health is health


def test_the_real_clock_serves_as_well() -> None:
    assert from_far(Nodes(lambda: FAR, SystemClock(), lambda *_: sent())).health is Health.UP
