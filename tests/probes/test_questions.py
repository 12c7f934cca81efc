"""The dns probe against name servers that do everything wrong."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

import dns.message
import dns.rdatatype
import gevent
import pytest
from gevent.event import Event
from hypothesis import given
from hypothesis import strategies as st

from daemon.probes.base import Health, Reading
from daemon.probes.network import questions
from daemon.probes.network.questions import MOST_STRAYS, UNREADABLE, read
from daemon.probes.network.records import found_in
from dns_servers import A, Query, Raw, answered, honest, look, reply, telling
from remains import descriptors
from until import until

NEVER = Event()


def test_silence_is_down_in_time_after_some_tries() -> None:
    with telling(lambda *_: []) as fake:
        reading = look(fake.place, timeout=0.15)
    assert reading.health is Health.DOWN
    assert reading.detail == f"no answer ({fake.place} (IPv4))"
    assert len(fake.asked) == questions.TRIES
    assert list(reading.phases) == ["resolve"]
    assert reading.values == {}


def test_a_lost_datagram_is_sent_again() -> None:
    with telling(lambda query, _: [honest(query)] if len(fake.asked) > 1 else []) as fake:
        assert look(fake.place, timeout=0.6).is_well
        assert len(fake.asked) == 2


def test_a_port_where_nobody_listens_is_down_at_once() -> None:
    with telling(lambda *_: []) as fake:
        pass
    for tcp in (False, True):
        reading = look(fake.place, tcp=tcp)
        assert reading.detail.startswith("connection refused")


def test_a_server_whose_name_does_not_exist_is_down() -> None:
    reading = look("no-such-host.invalid")
    assert reading.detail.startswith("no-such-host.invalid: ")
    assert reading.phases == {}


def test_the_next_address_is_asked_when_one_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    with telling(lambda query, _: [honest(query)]) as fake, telling(lambda *_: []) as mute:
        found = [(socket.AF_INET, 0, 0, "", ("127.0.0.1", server.port)) for server in (mute, fake)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        reading = look("two.example", timeout=0.6)
    assert reading.is_well
    assert reading.evidence["server"].startswith(fake.place)


def with_id(data: bytes, number: int) -> bytes:
    return struct.pack("!H", number) + data[2:]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize(
    "stray",
    [
        lambda query: with_id(honest(query), query.id ^ 1),
        lambda query: honest(dns.message.make_query("b.example", "A", id=query.id)),
        lambda query: honest(dns.message.make_query("a.example", "AAAA", id=query.id)),
        lambda query: query.to_wire(),
        lambda query: query.to_wire()[:11],
        lambda _: b"",
    ],
    ids=["number", "name", "type", "our own question", "short", "empty"],
)
def test_an_answer_to_something_else_is_none(stray: Callable[[Query], bytes], *, tcp: bool) -> None:
    reading = answered(lambda query, _: [stray(query)], tcp=tcp, timeout=3 if tcp else 0.25)
    assert reading.health is Health.DOWN
    assert "to something else" in reading.detail
    assert "answers" not in reading.values


def test_the_answer_behind_one_to_something_else_is_heard() -> None:
    assert answered(lambda query, _: [with_id(honest(query), query.id ^ 1), honest(query)]).is_well


def test_what_comes_from_another_address_is_not_heard() -> None:
    sent = []
    with telling(lambda *_: []) as fake, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:

        def aside(data: bytes, whence: tuple[str, int]) -> None:
            sent.append(other.sendto(honest(dns.message.from_wire(data)), whence))

        other.bind(("127.0.0.1", 0))
        fake.datagrams.set_handle(aside)
        reading = look(fake.place, timeout=0.1)
    assert reading.detail.startswith("no answer (")
    assert len(sent) == questions.TRIES


def test_a_flood_of_strays_ends_the_look() -> None:
    reading = answered(lambda query, _: [with_id(honest(query), query.id ^ 1)] * 400)
    assert reading.detail == f"more than {MOST_STRAYS} answers to something else"


def head(query: Query, *, answers: int = 1, flags: int = 0x8180) -> bytes:
    return struct.pack("!HHHHHH", query.id, flags, 1, answers, 0, 0) + query.question[0].to_wire()  # type: ignore[no-any-return]


def question(query: Query) -> bytes:
    return query.question[0].name.to_wire() + b"\0\1\0\1"  # type: ignore[operator]


def built(query: Query, records: bytes, answers: int = 1) -> bytes:
    return struct.pack("!HHHHHH", query.id, 0x8180, 1, answers, 0, 0) + question(query) + records


RECORD = struct.pack("!HHIH", 1, 1, 60, 4) + b"\1\2\3\4"


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize(
    "records",
    [
        b"\xc0\x1b" + RECORD,  # a name that points to itself
        b"\xc0\xff" + RECORD,  # behind the end
        b"\x01a\xc0\x1b" + RECORD,  # in a circle
        b"\xc0\x0c" + RECORD[:-2],
        b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 5) + b"\1\2\3\4\5",
        b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 65_535) + b"\1",
        b"\x80abc" + RECORD,
        b"",
        b"\xff" * 300,
        b"\0" + struct.pack("!HHIH", 41, 1_232, 0, 0),  # what belongs into another section
    ],
    ids=[
        "itself",
        "behind the end",
        "circle",
        "cut",
        "too long",
        "far too long",
        "no label",
        "missing",
        "rubbish",
        "OPT",
    ],
)
def test_a_malformed_answer_is_down_with_a_reason(records: bytes, *, tcp: bool) -> None:
    reading = answered(lambda query, _: [built(query, records)], tcp=tcp)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("the answer is malformed: ")
    assert reading.detail.isprintable()


@pytest.mark.parametrize(
    "records",
    [
        ["a.example 60 CNAME b.example", "b.example 60 CNAME a.example"],
        ["a.example 60 CNAME a.example"],
    ],
)
def test_aliases_in_a_circle_make_no_sense(records: list[str]) -> None:
    reading = answered(lambda query, _: [reply(query, *records).to_wire()])
    assert reading.detail.startswith("the answer makes no sense")


def test_a_name_that_does_not_exist_and_has_an_address_makes_no_sense() -> None:
    reading = answered(lambda query, _: [reply(query, f"a.example 60 A {A}", rcode="NXDOMAIN").to_wire()])
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("the answer makes no sense")


def test_an_alias_that_leads_nowhere_is_no_record() -> None:
    reading = answered(lambda query, _: [reply(query, "a.example 60 CNAME b.example").to_wire()])
    assert reading.detail == "the name has no record of type A"


def test_records_of_other_names_are_not_taken() -> None:
    reading = answered(lambda query, _: [reply(query, "evil.example 60 A 6.6.6.6", f"a.example 60 A {A}").to_wire()])
    assert reading.values["answers"] == [A]


def test_a_refusal_without_the_question_is_one() -> None:
    reading = answered(lambda query, _: [struct.pack("!HHHHHH", query.id, 0x8182, 0, 0, 0, 0)])
    assert reading.detail == "SERVFAIL, the server failed"


def test_an_old_server_is_asked_the_old_way() -> None:
    def old(query: Query, _: bool) -> list[bytes]:
        if query.edns >= 0:
            return [struct.pack("!HHHHHH", query.id, 0x8181, 0, 0, 0, 0)]
        return [honest(query)]

    assert answered(old).is_well


def slow_to_read(query: Query, size: int = 65_000) -> bytes:
    """Thousands of records, each of which refers to a name of a hundred parts."""
    at = 12 + len(question(query))
    records = b"\x01x" * 120 + b"\0" + RECORD
    count = (size - at - len(records)) // 16
    return built(query, records + (struct.pack("!H", 0xC000 | at) + RECORD) * count, count + 1)


def many(query: Query) -> bytes:
    """As many records as there is room for, all of them answers."""
    return built(query, b"".join(b"\xc0\x0c" + RECORD[:-4] + struct.pack("!I", n) for n in range(4_000)), 4_000)


@pytest.mark.parametrize("answer", [slow_to_read, many])
def test_an_answer_that_is_slow_to_read_keeps_nobody_else_waiting(answer: Callable[[Query], bytes]) -> None:
    ticks = []

    def tick() -> None:
        while True:
            NEVER.wait(0.002)
            ticks.append(len(reading))

    reading: list[Reading] = []
    ticking = gevent.spawn(tick)
    reading.append(answered(lambda query, _: [answer(query)], tcp=True))
    ticking.kill()
    assert len(ticks) > 10
    assert reading[0].values.get("answers.count", 0) in (0, 4_000)
    assert len(reading[0].values.get("answers", ())) <= 100
    assert len(reading[0].detail) < 400


def test_truncated_and_no_tcp_is_down() -> None:
    def truncated(query: Query, tcp: bool) -> list[bytes]:
        return [] if tcp else [reply(query, flags="TC").to_wire()]

    reading = answered(truncated, timeout=0.15)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("no answer")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([Raw(b"")], "no answer"),
        ([Raw(b"\xff\xff123")], "no answer"),
        ([Raw(b"\0")], "no answer"),
        ([Raw(b"\0\0")], "the answer is to something else"),
        ([Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")], "no answer"),
    ],
)
def test_a_connection_that_says_something_else_is_down_in_time(sent: list[bytes], said: str) -> None:
    reading = answered(lambda *_: sent, tcp=True, timeout=0.15)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(said)


def test_a_drip_ends_with_the_time_of_the_look() -> None:
    def drip(query: Query, _: bool) -> list[bytes]:
        data = honest(query)
        framed = struct.pack("!H", len(data)) + data
        return _Drip([Raw(framed[at : at + 1]) for at in range(len(framed))])

    reading = answered(drip, tcp=True, timeout=0.3)
    assert reading.detail == "no answer within 0.3s, stuck at answer"


class _Drip(list[bytes]):
    def __iter__(self) -> Iterator[bytes]:
        for one in super().__iter__():
            NEVER.wait(0.05)
            yield one


def test_no_descriptor_stays_behind() -> None:
    with telling(lambda *_: []) as fake:
        look(fake.place, timeout=0.05)
        before = descriptors()
        for tcp in (False, True) * 3:
            look(fake.place, timeout=0.05, tcp=tcp)
        until(lambda: descriptors() <= before)  # the fake closes its own when it likes


GOOD = reply(
    dns.message.make_query("a.example", "MX"),
    "a.example 60 CNAME b.example",
    "b.example 60 MX 10 mail.example",
    "b.example 60 MX 20 backup.example",
).to_wire()


@given(st.data())
def test_no_bytes_raise_what_nobody_expects(data: st.DataObject) -> None:
    wire = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        wire[data.draw(st.integers(2, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UNREADABLE):
        found_in(read(bytes(wire[: data.draw(st.integers(0, len(wire)))])))


@given(
    st.binary(max_size=600),
    st.sampled_from([1, 2, 6, 12, 15, 16, 28, 33, 35, 41, 43, 46, 47, 48, 50, 52, 64, 250, 257]),
)
def test_no_record_raises_what_nobody_expects(data: bytes, kind: int) -> None:
    query = dns.message.make_query("a.example", dns.rdatatype.RdataType(kind))
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    wire = (
        struct.pack("!HHHHHH", query.id, 0x8180, 1, 1, 0, 0)
        + question(query)[:-4]
        + struct.pack("!HH", kind, 1)
        + record
    )
    with suppress(UNREADABLE):
        found_in(read(wire))
