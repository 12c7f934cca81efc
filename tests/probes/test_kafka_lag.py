"""The lag of consumer groups, asked of brokers that are well, half dead, lying, or no brokers at all."""

import socket
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event as Signal

from daemon.conditions.holding import failures
from daemon.conditions.parse import parse
from daemon.conditions.seen import Seen
from daemon.probes.kafka_lag import KafkaLag
from daemon.reading import Health, Past, Reading
from daemon.units import Seconds
from fake_kafka import FakeKafka, Group, Log, kafka
from raw_server import serving

NOW = 1_795_222_800.0
MINUTE = 60.0


@pytest.fixture
def cluster() -> Iterator[FakeKafka]:
    """Three brokers; orders has three partitions, one a broker, with ten messages each, of which billing has read 7."""
    with kafka() as brokers:
        brokers.topics["orders"] = {number: Log(leader=number + 1, end=10) for number in range(3)}
        brokers.groups["billing"] = Group(coordinator=2, commits={("orders", number): 7 for number in range(3)})
        yield brokers


def probe(cluster: FakeKafka, **more: Any) -> KafkaLag:
    return KafkaLag(**{"bootstrap": cluster.bootstrap, "groups": ("billing",), "timeout": Seconds(3), **more})


def look(cluster: FakeKafka, **more: Any) -> Reading:
    return probe(cluster, **more).look_on(Past(now=NOW))


def watched(probe: KafkaLag, *between: Callable[[], object]) -> Reading:
    """Look a minute apart, with something happening in between; the last reading."""
    reading = probe.look_on(Past(now=NOW))
    for minute, happens in zip(count(1), between, strict=False):
        happens()
        reading = probe.look_on(Past(now=NOW + minute * MINUTE, notes=reading.notes or b""))
    return reading


def nothing() -> None:
    """Happen."""


def test_a_group_that_keeps_up_is_well_and_its_lag_is_exact(cluster: FakeKafka) -> None:
    cluster.groups["billing"].commits["orders", 1] = 10
    reading = look(cluster)
    assert reading.health is Health.UP
    assert reading.detail == "advancing, lag 6 in 3 partitions"
    assert reading.values == {
        "shape": "advancing",
        "lag": 6,
        "lag.max": 3,
        "lag.of": {"billing": 6, "billing/orders": 6},
        "partitions": 3,
        "uncommitted": 0,
        "expired": 0,
        "unseen": 0,
        "members": {"billing": 1},
    }
    assert list(reading.phases) == ["metadata", "committed", "ends"]
    assert reading.evidence["group billing"] == "advancing, lag 6 in 3 partitions, 1 member"


def test_no_other_tocsin_is_asked_for_it_does_not_remember_what_we_saw() -> None:
    assert not KafkaLag.FOR_OTHERS


def test_values_are_those_that_the_kind_declares(cluster: FakeKafka) -> None:
    assert set(look(cluster).values) == set(KafkaLag.GIVES)


def test_a_commit_is_read_before_the_end(cluster: FakeKafka) -> None:
    look(cluster)
    assert cluster.names().index("OffsetFetch") < cluster.names().index("ListOffsets")


def test_a_probe_joins_nothing_and_creates_nothing(cluster: FakeKafka) -> None:
    reading = look(cluster, topics=("orders", "no-such"))
    assert reading.health is Health.DEGRADED
    assert reading.detail == "advancing, lag 9 in 3 partitions; topic no-such: unknown topic or partition (3)"
    assert set(cluster.names()) == {
        "ApiVersions", "Metadata", "FindCoordinator", "OffsetFetch", "DescribeGroups", "ListOffsets",
    }  # fmt: skip
    assert not any(asked.allow_auto_topic_creation for _, name, asked in cluster.asked if name == "Metadata")


def test_a_broker_that_would_create_what_is_named_is_asked_for_all_topics(cluster: FakeKafka) -> None:
    cluster.most[3] = (0, 2)
    assert look(cluster, topics=("orders",)).values["lag"] == 9
    assert [asked.topics for _, name, asked in cluster.asked if name == "Metadata"] == [[], None]


def test_a_group_that_is_behind_and_does_not_move_is_down(cluster: FakeKafka) -> None:
    cluster.groups["billing"].commits["orders", 0] = 10
    reading = watched(probe(cluster, window=Seconds(3 * MINUTE)), *[nothing] * 3)
    assert reading.health is Health.DOWN
    assert reading.detail == "billing/orders 1 stalled: lag 3, commit 7 for 3m, and 1 more"
    assert reading.values["shape"] == "stalled"
    assert list(reading.evidence) == ["group billing", "billing/orders 1", "billing/orders 2"]


def test_a_group_that_nobody_is_in_has_stopped(cluster: FakeKafka) -> None:
    cluster.groups["billing"].members = 0
    cluster.groups["billing"].state = "Empty"
    reading = watched(probe(cluster, window=Seconds(MINUTE)), nothing)
    assert reading.detail.startswith("billing/orders 0 stopped: lag 3, nobody in the group, nothing committed for 1m")
    assert reading.evidence["group billing"] == "stopped, lag 9 in 3 partitions, nobody in it"


def test_a_group_of_the_new_kind_is_not_taken_for_one_that_nobody_is_in(cluster: FakeKafka) -> None:
    cluster.groups["billing"].members = 0
    cluster.groups["billing"].state = "Dead"
    assert look(cluster).values["members"] == {"billing": 0}
    cluster.most[69] = (0, 1)
    assert "members" not in look(cluster).values


def test_a_group_whose_commit_went_back_is_degraded_with_where_it_was(cluster: FakeKafka) -> None:
    reading = watched(probe(cluster), lambda: cluster.groups["billing"].commits.update({("orders", 2): 4}))
    assert reading.health is Health.DEGRADED
    assert reading.evidence["billing/orders 2"] == "rewound: the commit went back from 7 0s ago; now commit 4"


def test_a_group_whose_lag_only_grows_is_degraded(cluster: FakeKafka) -> None:
    def happens() -> None:
        for number, log in cluster.topics["orders"].items():
            log.end += 20
            cluster.groups["billing"].commits["orders", number] += 10

    reading = watched(probe(cluster, window=Seconds(3 * MINUTE)), *[happens] * 3)
    assert reading.health is Health.DEGRADED
    assert reading.detail == "billing/orders 0 falling behind: lag 33, growing for 3m, and 2 more"


def test_what_has_no_commit_is_listed_and_is_no_lag(cluster: FakeKafka) -> None:
    del cluster.groups["billing"].commits["orders", 2]
    reading = look(cluster)
    assert reading.health is Health.UP
    assert reading.detail == "advancing, lag 6 in 2 partitions, no commit in 1"
    assert reading.values["uncommitted"] == 1
    assert reading.evidence["no commit"] == "billing/orders 2"
    assert look(cluster, count_unread=True).values["lag"] == 16


def test_what_expired_unread_is_said(cluster: FakeKafka) -> None:
    cluster.topics["orders"][1].earliest = 9
    reading = look(cluster)
    assert reading.values["expired"] == 1
    assert reading.values["lag"] == 9
    assert reading.evidence["expired unread"] == "billing/orders 1"


def test_a_commit_beyond_the_end_is_no_negative_lag(cluster: FakeKafka) -> None:
    cluster.groups["billing"].commits["orders", 0] = 90
    reading = look(cluster)
    assert reading.values["lag"] == 6
    assert reading.detail == "billing/orders 0 rewound: commit 90 lies beyond the end of the log, 10"


def test_all_groups_are_found_on_all_brokers(cluster: FakeKafka) -> None:
    cluster.groups["audit"] = Group(coordinator=3, commits={("orders", 0): 9}, protocol="", members=0, state="Empty")
    cluster.groups["connect"] = Group(coordinator=1, commits={("orders", 0): 9}, protocol="connect")
    cluster.groups["idle"] = Group(coordinator=1)
    reading = look(cluster, groups=("*",))
    assert reading.values["lag.of"] == {"billing": 9, "billing/orders": 9, "audit": 1, "audit/orders": 1}
    assert reading.values["members"] == {"billing": 1, "audit": 0}
    assert reading.evidence["group audit"] == "advancing, lag 1 in 1 partition, no commit in 2, nobody in it"


def test_a_group_that_vanishes_is_still_told_and_then_forgotten(cluster: FakeKafka) -> None:
    cluster.groups["other"] = Group(commits={("orders", 0): 10})
    told = probe(cluster, groups=("*",), window=Seconds(2 * MINUTE))
    gone = watched(told, lambda: cluster.groups.pop("billing"))
    assert gone.detail == "billing/orders 0 rewound: the commit went back from 7 0s ago; now no commit, and 2 more"
    cluster.groups["billing"] = Group(commits={("orders", 0): 7})
    last = watched(told, lambda: cluster.groups.pop("billing"), nothing, nothing, nothing)
    assert last.detail == "advancing, lag 0 in 1 partition, no commit in 2"
    assert list(last.evidence) == ["group other", "no commit"]


def test_a_group_that_was_named_and_has_committed_nothing_is_down(cluster: FakeKafka) -> None:
    assert look(cluster, groups=("nobody",)).detail == "group nobody has committed nothing"
    reading = look(cluster, groups=("nobody", "billing"))
    assert reading.health is Health.DEGRADED
    assert reading.evidence["not seen"] == "group nobody has committed nothing"


def test_no_groups_at_all_are_down(cluster: FakeKafka) -> None:
    cluster.groups.clear()
    assert look(cluster, groups=("*",)).detail == "the brokers list no consumer groups"


def test_a_topic_that_was_deleted_is_a_remark_where_nobody_named_it(cluster: FakeKafka) -> None:
    cluster.groups["billing"].commits["old", 0] = 5
    reading = look(cluster)
    assert reading.health is Health.UP
    assert reading.evidence["topic old"] == "unknown topic or partition (3)"


def test_a_leader_that_moves_in_the_middle_is_found(cluster: FakeKafka) -> None:
    def moves(sock: socket.socket, whole: bytes) -> None:
        cluster.topics["orders"][0].leader = 3
        sock.sendall(whole)

    cluster.instead[2, "OffsetFetch"] = moves
    assert look(cluster).values["lag"] == 9


def test_a_coordinator_that_is_loading_is_asked_again(cluster: FakeKafka) -> None:
    cluster.groups["billing"].error = 14

    def loaded(sock: socket.socket, whole: bytes) -> None:
        cluster.groups["billing"].error = 0
        sock.sendall(whole)

    cluster.instead[2, "OffsetFetch"] = loaded
    assert look(cluster).values["lag"] == 9
    assert cluster.names().count("FindCoordinator") == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (14, "group billing: coordinator load in progress (14)"),
        (30, "group billing: group authorization failed (30)"),
        (9_999, "group billing: unknown (9999)"),
    ],
)
def test_a_group_that_cannot_be_read_is_the_reason(cluster: FakeKafka, error: int, reason: str) -> None:
    cluster.groups["billing"].error = error
    assert look(cluster).detail.lower() == reason


def test_a_leader_that_nobody_knows_leaves_the_others(cluster: FakeKafka) -> None:
    cluster.topics["orders"][0].leader = 99
    reading = look(cluster)
    assert reading.health is Health.DEGRADED
    assert reading.detail == "advancing, lag 6 in 2 partitions; broker 99 is said to answer, and nobody knows it"
    assert reading.values["unseen"] == 1


def test_a_leader_that_does_not_lead_is_a_lie_that_is_told(cluster: FakeKafka) -> None:
    cluster.topics["orders"][0].error = 6
    reading = look(cluster)
    assert "broker 1 says of orders 0: not leader for partition (6)" in reading.detail
    assert reading.values["unseen"] == 1


@pytest.mark.parametrize("dead", [1, 3])
def test_one_dead_broker_of_three_leaves_the_partitions_of_the_others(cluster: FakeKafka, dead: int) -> None:
    cluster.servers[dead].stop(timeout=1)
    reading = look(cluster)
    assert reading.health is Health.DEGRADED
    assert reading.detail == f"advancing, lag 6 in 2 partitions; connection refused ({cluster.address(dead)})"


def test_a_dead_coordinator_is_the_reason(cluster: FakeKafka) -> None:
    cluster.servers[2].stop(timeout=1)
    reading = look(cluster)
    assert reading.health is Health.DOWN
    assert reading.detail == f"connection refused ({cluster.address(2)})"


def test_one_silent_broker_of_three_takes_half_of_the_time_and_no_more(cluster: FakeKafka) -> None:
    forever = Signal()
    cluster.instead[1, "ApiVersions"] = lambda _sock, _whole: forever.wait()
    reading = look(cluster, timeout=0.6)
    assert reading.health is Health.DEGRADED
    assert reading.detail.startswith(f"advancing, lag 6 in 2 partitions; {cluster.address(1)}: no answer within 0.")


def test_a_broker_that_falls_silent_in_the_middle_is_not_waited_for_twice(cluster: FakeKafka) -> None:
    forever = Signal()
    cluster.instead[1, "ListOffsets"] = lambda _sock, _whole: forever.wait()
    reading = look(cluster, timeout=0.6)
    assert reading.values["unseen"] == 1
    assert cluster.names(1).count("ListOffsets") == 1


def test_all_dead_is_down_with_every_reason(cluster: FakeKafka) -> None:
    for server in cluster.servers.values():
        server.stop(timeout=1)
    assert look(cluster).detail == "; ".join(f"connection refused ({one})" for one in cluster.bootstrap)


def test_a_broker_that_never_answers_is_down_within_the_time() -> None:
    forever = Signal()
    with serving(lambda _: forever.wait()) as port:
        reading = KafkaLag(bootstrap=(f"127.0.0.1:{port}",), groups=("g",), timeout=Seconds(0.3)).look_on(Past(now=NOW))
    assert reading.detail.startswith(f"127.0.0.1:{port}: no answer within 0.1")


def test_a_broker_that_drips_is_down_within_the_time() -> None:
    def drip(sock: socket.socket) -> None:
        pause = Signal()
        while True:
            sock.sendall(b"\0")
            pause.wait(0.02)

    with serving(drip) as port:
        reading = KafkaLag(bootstrap=(f"127.0.0.1:{port}",), groups=("g",), timeout=Seconds(0.3)).look_on(Past(now=NOW))
    assert not reading.is_well
    assert "no answer within" in reading.detail or "not Kafka's" in reading.detail


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection"),
        (b"\0\0", "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the answer is not Kafka's"),
        (b"\xff\xff\xff\xff", "the answer is not Kafka's"),
        (b"\x7f\xff\xff\xff" + b"x" * 99_999, "the answer is not Kafka's"),
        (b"\0\0\0\0", "the answer is not Kafka's"),
        (b"\0\0\0\4\0\0\0\1", "the answer cannot be read"),
        (b"\0\0\0\x0a\0\0\0\1\0\0\x7f\xff\xff\xff", "the answer cannot be read"),
        (b"\0\0\0\x0a\0\0\0\1\0\0\xff\xff\xff\xff", "does not speak a MetadataRequest that we do"),
        (b"\0\0\0\x0a\0\0\0\1\0\x23\0\0\0\0", "does not say what it speaks: unsupported version (35)"),
        (b"\0\0\0\x0a\0\0\0\7\0\0\0\0\0\0", "the answer is to something else"),
        (b"\0\0\0\x64\0\0\0\1short", "closed the connection"),
    ],
)
def test_an_answer_that_is_none_is_a_reading_with_a_reason(answer: bytes, reason: str) -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(answer)

    with serving(speak) as port:
        reading = KafkaLag(bootstrap=(f"127.0.0.1:{port}",), groups=("g",), timeout=Seconds(1)).look_on(Past(now=NOW))
    assert reading.health is Health.DOWN
    assert reading.detail.endswith(reason)
    assert f"127.0.0.1:{port}" in reading.detail


NAMES = ["Metadata", "FindCoordinator", "OffsetFetch", "DescribeGroups", "ListOffsets", "ListGroups"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spoil", ["cut", "noise", "endless"])
def test_garbage_at_any_step_ends_with_a_reason(cluster: FakeKafka, name: str, spoil: str) -> None:
    def speak(sock: socket.socket, whole: bytes) -> None:
        if spoil == "cut":
            sock.sendall(whole[:9])
            sock.close()
        elif spoil == "noise":
            sock.sendall(whole[:8] + bytes(byte ^ 0xA5 for byte in whole[8:]))
        else:
            while True:
                sock.sendall(b"\0\x7f\0\0" + b"\1" * 100_000)

    for node in cluster.ports:
        cluster.instead[node, name] = speak
    reading = look(cluster, groups=("*",) if name == "ListGroups" else ("billing",), timeout=1)
    assert reading.detail
    assert not reading.is_well or (name, spoil) == ("DescribeGroups", "noise")  # who is in a group is not all


def test_groups_for_which_there_is_no_time_leave_the_others(cluster: FakeKafka) -> None:
    for number in range(30):
        cluster.groups[f"more-{number:02}"] = Group(coordinator=2, commits={("orders", 0): 7})
    pause = Signal()

    def slow(sock: socket.socket, whole: bytes) -> None:
        pause.wait(0.04)
        sock.sendall(whole)

    cluster.instead[2, "OffsetFetch"] = slow
    reading = look(cluster, groups=("*",), timeout=0.8)
    assert reading.health is Health.DEGRADED
    assert reading.detail.startswith("advancing, lag ")
    assert reading.detail.endswith(" groups of 31 were not asked in time")


def test_brokers_at_impossible_addresses_are_a_reason(cluster: FakeKafka) -> None:
    cluster.ports[3] = 0
    reading = probe(cluster, bootstrap=cluster.bootstrap[:1]).look_on(Past(now=NOW))
    assert reading.detail.endswith("broker 3 is said to be at '127.0.0.1', port 0")


def test_ten_thousand_partitions_are_the_most_and_the_rest_is_named(cluster: FakeKafka) -> None:
    cluster.topics["orders"] = {number: Log(leader=1, end=10) for number in range(10_050)}
    reading = look(cluster, timeout=10)
    assert reading.values["partitions"] == 10_000
    assert reading.evidence["left out"] == "50 partitions beyond the 10000 that one look judges"
    assert len(str(reading.evidence)) < 1_000


def test_no_look_leaves_a_descriptor_behind(cluster: FakeKafka) -> None:
    def open_now() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    forever = Signal()
    look(cluster)
    gevent.idle()
    before = open_now()
    cluster.instead[1, "ListOffsets"] = lambda _sock, _whole: forever.wait()
    cluster.servers[3].stop(timeout=1)
    for _ in range(3):
        look(cluster, timeout=0.2)
    cut_off = gevent.spawn(look, cluster, timeout=5)
    gevent.idle()
    cut_off.kill()
    forever.set()
    gevent.idle()
    # Our own end of each connection is closed; the brokers notice it in their own time.
    for server in cluster.servers.values():
        server.stop(timeout=1)
    gevent.idle()
    assert open_now() <= before


def test_conditions_name_what_it_gives(cluster: FakeKafka) -> None:
    wanted = [
        "lag < 10", "lag.max <= 3", 'lag.of "billing/orders" == 9', 'members "billing" >= 1', 'shape == "advancing"',
        "expired == 0", "unseen == 0", "uncommitted == 0", "partitions == 3", "time.metadata < 2s",
    ]  # fmt: skip
    seen = Seen(look(cluster))
    assert failures([parse(text, KafkaLag.gives()) for text in wanted], seen) == ()
    assert failures([parse('lag.of "billing" < 5', KafkaLag.gives())], seen)


def test_where_conditions_are_about_the_shape_it_has_no_verdict_of_its_own(cluster: FakeKafka) -> None:
    own = probe(cluster, window=Seconds(MINUTE))
    assert own.yielding({"lag"}) is own
    reading = watched(own.yielding({"shape", "lag"}), nothing)
    assert reading.health is Health.UP
    assert reading.values["shape"] == "stalled"
