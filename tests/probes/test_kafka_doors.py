"""How Kafka's brokers are entered: settings, users and their passwords, TLS."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from certificates import certificate
from daemon.probes.kafka_lag import KafkaLag
from daemon.reading import Past, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from fake_kafka import FakeKafka, Group, Log, kafka

NOW = 1_795_222_800.0
CANARY = "canary-51c2"


@pytest.fixture
def cluster() -> Iterator[FakeKafka]:
    with kafka(nodes=1) as brokers:
        fill(brokers)
        yield brokers


def fill(brokers: FakeKafka) -> None:
    brokers.topics["orders"] = {0: Log(leader=1, end=10)}
    brokers.groups["billing"] = Group(commits={("orders", 0): 1})


def look(cluster: FakeKafka, **more: Any) -> Reading:
    settings = {"bootstrap": cluster.bootstrap, "groups": ("billing",), "timeout": Seconds(3), **more}
    return KafkaLag(**settings).look_on(Past(now=NOW))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_user_is_let_in_and_a_wrong_password_is_not(cluster: FakeKafka, mechanism: str) -> None:
    cluster.users["u,=ser"] = CANARY
    sasl = {"security": "sasl_plaintext", "mechanism": mechanism, "user": "u,=ser"}
    assert look(cluster, password=Secret(CANARY), **sasl).values["lag"] == 9
    refused = look(cluster, password=Secret(CANARY + "x"), **sasl)
    assert refused.detail.startswith(f"{cluster.address(1)} does not let u,=ser in: sasl authentication failed (58)")
    assert CANARY not in refused.detail


def test_a_mechanism_that_is_not_offered_is_named(cluster: FakeKafka) -> None:
    cluster.mechanisms = ["SCRAM-SHA-512"]
    reading = look(cluster, security="sasl_plaintext", user="u", password=Secret(CANARY))
    assert reading.detail.startswith(f"{cluster.address(1)} does not take PLAIN, but SCRAM-SHA-512")


@pytest.mark.parametrize("answer", [b"r=other,s=c2FsdA==,i=4096", b"\xff", b"r=,s=,i=9999999999", b""])
def test_a_server_that_cannot_prove_itself_is_not_believed(cluster: FakeKafka, answer: bytes) -> None:
    def speak(sock: socket.socket, whole: bytes) -> None:
        frame = whole[4:8] + b"\0\0\xff\xff" + len(answer).to_bytes(4) + answer + bytes(8)
        sock.sendall(len(frame).to_bytes(4) + frame)

    cluster.instead[1, "SaslAuthenticate"] = speak
    reading = look(
        cluster, security="sasl_plaintext", mechanism="SCRAM-SHA-256", user="u",
        password=Secret(CANARY),
    )  # fmt: skip
    assert reading.detail == f"{cluster.address(1)} cannot prove that it knows the password"


def test_over_tls_the_certificate_counts(tmp_path: Path) -> None:
    pem, context = certificate(tmp_path, "127.0.0.1")
    with kafka(nodes=1, tls=context) as cluster:
        fill(cluster)
        assert look(cluster, security="ssl", ca_file=str(pem)).values["lag"] == 9
        reading = look(cluster, security="ssl")
        assert "the certificate is not accepted: self-signed certificate" in reading.detail
        assert not look(cluster, timeout=Seconds(1)).is_well


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bootstrap": ()}, "bootstrap is empty"),
        ({"bootstrap": ("kafka:99999",)}, "is not host:port"),
        ({"bootstrap": ("kafka:9092,other:9092",)}, "is not host:port"),
        ({"bootstrap": ("http://kafka:9092",)}, "is not host:port"),
        ({"bootstrap": ("",)}, "is not host:port"),
        ({"bootstrap": ("::1",)}, "is not host:port"),
        ({"groups": ()}, "groups is empty"),
        ({"groups": ("",)}, "groups is empty"),
        ({"groups": ("*", "a")}, "is all of them"),
        ({"groups": ("a\ud800",)}, "is no name of a group"),
        ({"groups": ("a" * 40_000,)}, "is no name of a group"),
        ({"topics": ("a\n",)}, "is no name of a group"),
        ({"security": "sasl_ssl"}, "needs user and password"),
        ({"security": "sasl_ssl", "user": "u"}, "needs user and password"),
        ({"user": "u", "password": Secret(CANARY)}, "takes no user"),
        ({"ca_file": "/x"}, "means nothing with security plaintext"),
    ],
)
def test_what_can_never_be_asked_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        KafkaLag(**{"bootstrap": ("kafka:9092",), "groups": ("g",), **settings})
    assert CANARY not in str(error.value)


def test_the_target_is_a_broker_and_the_groups() -> None:
    shown = KafkaLag(
        bootstrap=("kafka-1:9092", "[::1]:9093", "kafka-3"), groups=("a", "b"), security="sasl_ssl", user="u",
        password=Secret(CANARY),
    )  # fmt: skip
    assert shown.target() == "kafka-1:9092 and 2 more, a, b"
    assert shown._addresses == (("kafka-1", 9092), ("::1", 9093), ("kafka-3", 9092))
    assert CANARY not in repr(shown)


@pytest.mark.parametrize(
    ("bootstrap", "near"),
    [(("127.0.0.1:9092", "[::1]"), True), (("10.0.0.7:9092",), True), (("kafka:9092",), False)],
)
def test_brokers_nearby_are_seen_whatever_is_cut_off(bootstrap: tuple[str, ...], *, near: bool) -> None:
    assert KafkaLag(bootstrap=bootstrap, groups=("g",)).is_near() is near


def test_the_library_is_loaded_only_where_such_a_probe_is_configured() -> None:
    code = "import sys; from daemon.loading import catalog; catalog(''); sys.exit('kafka' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
