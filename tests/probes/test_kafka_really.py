"""The lag of consumer groups on brokers that are not ours: the cluster that comes with librdkafka."""

import sys
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from daemon.clock import SystemClock
from daemon.probes.kafka_lag import KafkaLag
from daemon.reading import Health, Past, Reading
from daemon.units import Seconds

NOW = 1_795_222_800.0
MINUTE = 60.0
PARTITIONS = 4  # that the cluster gives a topic which is written to


class Librdkafka:
    """Three brokers in threads of their own, as long as the producer lives."""

    def __init__(self) -> None:
        quiet = {"log_level": 0, "topic.metadata.refresh.interval.ms": -1}
        self._producer = Producer({"bootstrap.servers": "itself", "test.mock.num.brokers": 3, **quiet})
        self.bootstrap = tuple(f"{one.host}:{one.port}" for one in self.brokers())
        asked = {"bootstrap.servers": ",".join(self.bootstrap), "group.id": "billing", "enable.auto.commit": False}
        self._consumer = Consumer({**asked, **quiet})

    def brokers(self) -> list[Any]:
        return list(self._producer.list_topics(timeout=5).brokers.values())

    def topics(self) -> set[str]:
        return set(self._producer.list_topics(timeout=5).topics)

    def write(self, topic: str, *counts: int) -> None:
        for partition, count in enumerate(counts):
            for _ in range(count):
                self._producer.produce(topic, b"message", partition=partition)
        assert not self._producer.flush(5)

    def commit(self, topic: str, *offsets: int) -> None:
        places = [TopicPartition(topic, number, offset) for number, offset in enumerate(offsets)]
        self._consumer.commit(offsets=places, asynchronous=False)

    def close(self) -> None:
        self._consumer.close()
        self._producer.flush(1)


@pytest.fixture(scope="module")
def librdkafka() -> Iterator[Librdkafka]:
    cluster = Librdkafka()
    yield cluster
    cluster.close()


def probe(cluster: Librdkafka, topic: str, **more: Any) -> KafkaLag:
    return KafkaLag(bootstrap=cluster.bootstrap, groups=("billing",), topics=(topic,), timeout=Seconds(10), **more)


def look(told: KafkaLag, minute: int = 0, before: Reading | None = None) -> Reading:
    return told.look_on(Past(now=NOW + minute * MINUTE, notes=(before and before.notes) or b""))


def test_the_figures_are_exact(librdkafka: Librdkafka) -> None:
    librdkafka.write("exact", 8, 5, 0, 1)
    librdkafka.commit("exact", 2, 5)
    reading = look(probe(librdkafka, "exact"), 1, look(probe(librdkafka, "exact")))
    assert reading.health is Health.UP
    assert reading.values["lag"] == 6
    assert reading.values["lag.max"] == 6
    assert reading.values["lag.of"] == {"billing": 6, "billing/exact": 6}
    assert reading.values["partitions"] == PARTITIONS
    assert reading.values["uncommitted"] == 2
    assert reading.evidence["no commit"] == "billing/exact 2, billing/exact 3"
    assert look(probe(librdkafka, "exact", count_unread=True)).values["lag"] == 7


def test_a_group_that_stops_moving_is_down_and_one_that_moves_again_is_up(librdkafka: Librdkafka) -> None:
    told = probe(librdkafka, "moving", window=Seconds(2 * MINUTE))
    librdkafka.write("moving", 9)
    librdkafka.commit("moving", 3)
    reading = look(told)
    for minute in (1, 2):
        librdkafka.write("moving", 2)
        reading = look(told, minute, reading)
    assert reading.detail == "billing/moving 0 stalled: lag 10, commit 3 for 2m"
    librdkafka.commit("moving", 12)
    assert look(told, 3, reading).detail == "advancing, lag 1 in 1 partition, no commit in 3"


def test_a_commit_that_goes_back_is_rewound(librdkafka: Librdkafka) -> None:
    told = probe(librdkafka, "back")
    librdkafka.write("back", 9)
    librdkafka.commit("back", 8)
    before = look(told)
    librdkafka.commit("back", 2)
    after = look(told, 1, before)
    assert after.health is Health.DEGRADED
    assert after.detail == "billing/back 0 rewound: the commit went back from 8 0s ago; now commit 2"


def test_a_topic_that_is_not_there_is_not_made_by_asking_for_it(librdkafka: Librdkafka) -> None:
    reading = look(probe(librdkafka, "never-written"))
    assert reading.health is Health.DOWN
    assert reading.detail == "topic never-written: unknown topic or partition (3)"
    assert "never-written" not in librdkafka.topics()


def test_what_these_brokers_do_not_speak_is_said(librdkafka: Librdkafka) -> None:
    everything = KafkaLag(bootstrap=librdkafka.bootstrap, groups=("*",), timeout=Seconds(3))
    assert "does not speak a ListGroupsRequest that we do" in look(everything).detail


def test_others_go_on_while_many_look(librdkafka: Librdkafka) -> None:
    librdkafka.write("busy", 5, 5, 5, 5)
    librdkafka.commit("busy", 1, 1, 1, 1)
    told, clock, worst = probe(librdkafka, "busy"), SystemClock(), [0.0]

    def others() -> None:
        while True:
            before = clock.monotonic()
            clock.sleep(0.001)
            worst[0] = max(worst[0], clock.monotonic() - before)

    measuring = gevent.spawn(others)
    readings = [one.get(timeout=12) for one in [gevent.spawn(look, told) for _ in range(20)]]
    measuring.kill()
    assert [one.values["lag"] for one in readings] == [16] * 20
    sys.stdout.write(f"20 looks at once: others waited {worst[0] * 1000:.1f} ms at most\n")
    assert worst[0] < 1
