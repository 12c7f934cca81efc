"""The dns probe against a real name server, and its settings."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gevent.event import Event

from daemon.probes.base import Health, Reading
from daemon.probes.dns import Dns
from daemon.probes.network import questions
from daemon.probes.network.questions import servers_of_the_system
from daemon.probes.network.records import place_of
from dns_servers import Query, answered, honest, look, nsd, reply, telling
from far_host import FarHost
from probe_pages import shown_on_the_page

NEVER = Event()
ZONE = """\
$ORIGIN example.test.
$TTL 300
@ IN SOA ns1 admin 2026112101 3600 600 86400 60
@ NS ns1.dnspod.test.
@ NS ns2.dnspod.test.
@ MX 10 mail
@ MX 20 backup
@ TXT "v=spf1 include:example.org" " -all"
@ CAA 0 issue "letsencrypt.org"
_sip._tcp SRV 0 5 5060 sip
www 60 CNAME web
web 30 A 192.0.2.10
web 45 A 192.0.2.11
web AAAA 2001:db8::1
*.wild A 192.0.2.99
"""
LONG = [f'big TXT "{"x" * 200}{number}"\n' for number in range(20)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server of the zone."""
    with nsd(tmp_path_factory.mktemp("nsd"), "example.test", ZONE + "".join(LONG)) as place:
        yield place


@pytest.mark.parametrize(
    ("name", "record", "answers"),
    [
        ("web.example.test", "A", ["192.0.2.10", "192.0.2.11"]),
        ("web.example.test", "aaaa", ["2001:db8::1"]),
        ("WEB.Example.Test.", "A", ["192.0.2.10", "192.0.2.11"]),
        ("www.example.test", "A", ["192.0.2.10", "192.0.2.11"]),
        ("www.example.test", "CNAME", ["web.example.test"]),
        ("example.test", "MX", ["10 mail.example.test", "20 backup.example.test"]),
        ("example.test", "NS", ["ns1.dnspod.test", "ns2.dnspod.test"]),
        ("example.test", "TXT", ["v=spf1 include:example.org -all"]),
        ("example.test", "CAA", ['0 issue "letsencrypt.org"']),
        ("_sip._tcp.example.test", "SRV", ["0 5 5060 sip.example.test"]),
    ],
)
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_records_of_each_type(place: str, name: str, record: str, answers: list[str], *, tcp: bool) -> None:
    reading = look(place, name, record=record, tcp=tcp, expect=tuple(answers))
    assert reading.is_well, reading.detail
    assert reading.values["answers"] == answers
    assert reading.values["answers.count"] == len(answers)
    assert reading.values["rcode"] == "NOERROR"
    assert reading.values["authoritative"] is True
    assert reading.values["authenticated"] is False
    assert list(reading.phases) == ["resolve", *(["connect"] if tcp else []), "first_byte", "total"]
    assert set(reading.values) <= set(Dns.gives())
    assert reading.evidence["server"].startswith(place)


def test_the_serial_of_a_zone_and_the_least_time_to_live(place: str) -> None:
    assert look(place, "example.test", record="SOA").values["serial"] == 2026112101
    assert look(place, "www.example.test").values["ttl"] == 30
    assert "serial" not in look(place, "www.example.test").values


def test_a_long_answer_is_asked_for_again_over_tcp(place: str) -> None:
    reading = look(place, "big.example.test", record="TXT")
    assert reading.values["answers.count"] == 20
    assert reading.evidence["truncated"] == "asked again over TCP"
    assert set(reading.phases) == {"resolve", "connect", "first_byte", "total"}


def test_a_name_that_does_not_exist_is_down_unless_that_is_wanted(place: str) -> None:
    reading = look(place, "no.example.test")
    assert reading.health is Health.DOWN
    assert reading.detail == "NXDOMAIN, there is no such name"
    assert reading.values["rcode"] == "NXDOMAIN"
    assert "ttl" not in reading.values
    assert look(place, "no.example.test", rcode="nxdomain").is_well
    assert look(place, "web.example.test", rcode="NXDOMAIN").detail == "NOERROR, expected NXDOMAIN"


def test_a_name_without_such_a_record_is_down_unless_that_is_wanted(place: str) -> None:
    reading = look(place, "example.test", record="AAAA")
    assert reading.detail == "the name has no record of type AAAA"
    assert reading.values["answers.count"] == 0
    assert look(place, "example.test", record="AAAA", least=0).is_well
    assert look(place, "web.example.test", least=3).detail == "the name has only 2 records of type A"


def test_whoever_has_conditions_on_a_value_says_what_is_well(place: str) -> None:
    def yielding(*named: str, **more: object) -> Reading:
        return Dns(name="no.example.test", server=place, **more).yielding(named).look()  # type: ignore[arg-type]

    assert yielding("rcode").is_well
    assert not yielding("ttl").is_well
    assert not yielding("rcode", rcode="SERVFAIL").is_well
    probe = Dns(name="example.test", record="AAAA", server=place)
    assert probe.yielding({"answers.count"}).look().is_well


def test_a_zone_that_the_server_does_not_have_is_refused(place: str) -> None:
    reading = look(place, "example.org")
    assert reading.health is Health.DOWN
    assert reading.detail == "REFUSED, the server refuses to answer"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"expect": ("192.0.2.10",)}, "192.0.2.11 is not expected"),
        ({"expect": ("192.0.2.10", "192.0.2.11", "192.0.2.12")}, "192.0.2.12 is missing"),
        ({"contains": ("192.0.2.12",)}, "192.0.2.12 is missing"),
        ({"among": ("192.0.2.10", "192.0.2.12")}, "192.0.2.11 is not expected"),
        (
            {"expect": ("6.6.6.1", "6.6.6.2", "6.6.6.3")},
            "6.6.6.1 is missing; 6.6.6.2 is missing; 6.6.6.3 is missing and 2 more",
        ),
    ],
)
def test_records_that_are_not_as_expected_are_down(place: str, settings: dict[str, object], said: str) -> None:
    reading = look(place, "web.example.test", **settings)
    assert reading.health is Health.DOWN
    assert reading.detail == said
    assert reading.values["answers.count"] == 2


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("web.example.test", "AAAA", "2001:0DB8:0:0::1"),
        ("example.test", "MX", "10 Mail.Example.TEST."),
        ("example.test", "TXT", '"v=spf1 include:example.org" " -all"'),
        ("example.test", "CAA", "0 issue letsencrypt.org"),
    ],
)
def test_what_means_the_same_is_the_same(place: str, name: str, record: str, expected: str) -> None:
    assert look(place, name, record=record, contains=(expected,)).is_well


@pytest.mark.parametrize("name", ["web.example.test", "deep.down.web.example.test"])
def test_the_name_servers_of_the_zone_are_ours(place: str, name: str) -> None:
    reading = look(place, name, ns_contains="DNSpod", rcode="NOERROR" if name.startswith("web") else "NXDOMAIN")
    assert reading.is_well, reading.detail
    assert reading.values["ns"] == ["ns1.dnspod.test", "ns2.dnspod.test"]


def test_a_zone_with_a_strange_name_server_is_down(place: str) -> None:
    reading = look(place, "web.example.test", ns_contains="ns1.")
    assert reading.health is Health.DOWN
    assert reading.detail == "the zone has a name server without 'ns1.': ns2.dnspod.test"
    assert reading.values["ns"]


def test_a_server_that_answers_what_does_not_exist_is_degraded(place: str) -> None:
    honest = look(place, "web.example.test", hijack="example.test")
    assert honest.is_well
    assert honest.values["hijacked"] is False
    lying = look(place, "web.example.test", hijack="wild.example.test")
    assert lying.health is Health.DEGRADED
    assert lying.values["hijacked"] is True
    assert lying.detail.startswith("it answers names that do not exist: ")
    assert lying.detail.endswith(".wild.example.test is 192.0.2.99")


def test_what_refuses_the_question_about_a_lie_says_nothing_about_it(place: str) -> None:
    reading = look(place, "web.example.test", hijack="example.org")
    assert reading.is_well
    assert "hijacked" not in reading.values
    assert reading.detail.endswith("asked for a name that does not exist it says REFUSED")


def test_further_questions_are_no_part_of_the_first_ones_time() -> None:
    def slow_lies(query: Query, _: bool) -> list[bytes]:
        if "zone" in query.question[0].name.to_text():
            NEVER.wait(0.1)
        return [honest(query)]

    reading = answered(slow_lies, hijack="zone.example")
    assert reading.phases["first_byte"] < 0.1 < reading.phases["total"]


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        (
            "nameserver 192.0.2.1\nnameserver  2001:db8::1 \n# nameserver 6.6.6.6\nsearch x\nnameserver\n",
            ["192.0.2.1", "2001:db8::1"],
        ),
        ("nameserver 1.1.1.1\n" * 9, ["1.1.1.1"] * 3),
        ("", ["127.0.0.1"]),
        (None, ["127.0.0.1"]),
        ("\0\xff\n" * 50, ["127.0.0.1"]),
    ],
)
def test_the_name_servers_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, servers: list[str]
) -> None:
    monkeypatch.setattr(questions, "RESOLV_CONF", tmp_path / "resolv.conf")
    if text is not None:
        (tmp_path / "resolv.conf").write_text(text)
    assert servers_of_the_system() == servers


def test_the_machines_own_name_servers_are_asked_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On their port, which only a network of our own has free."""
    monkeypatch.setattr(questions, "RESOLV_CONF", tmp_path / "resolv.conf")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.2\nnameserver 127.0.0.1\n")
    try:
        far = FarHost()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"this machine gives nobody a network of his own: {error}")
    with far.does(lambda _: []), telling(lambda query, _: [honest(query)], "127.0.0.1:53"):
        reading = look("", timeout=2)
    far.close()
    assert reading.is_well, reading.detail
    assert reading.evidence["server"] == "127.0.0.1:53 (IPv4)"


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("ns.example", ("ns.example", 53)),
        ("ns.example:1", ("ns.example", 1)),
        ("::1", ("::1", 53)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_where_a_server_is(server: str, place: tuple[str, int]) -> None:
    assert place_of(server) == place


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "a..b"},
        {"name": "x" * 64},
        {"name": ".".join(["x" * 60] * 5)},
        {"record": "FOO"},
        {"record": "ANY"},
        {"record": "AXFR"},
        {"record": "OPT"},
        {"record": ""},
        {"server": "192.0.2.1:0"},
        {"server": "192.0.2.1:66000"},
        {"server": "192.0.2.1:99999999999999"},
        {"server": "192.0.2.1:x"},
        {"server": ":53"},
        {"server": "[]"},
        {"server": "a:b:53"},
        {"server": " "},
        {"expect": ("1.2.3",)},
        {"expect": ("a.example",)},
        {"record": "MX", "contains": ("mail.example",)},
        {"among": ("::1",)},
        {"rcode": "FINE"},
        {"rcode": "NXDOMAIN", "expect": ("1.2.3.4",)},
        {"hijack": "a..b"},
        {"hijack": ".".join(["x" * 60] * 4)},
    ],
)
def test_settings_that_can_never_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".{10,}"):
        Dns(**{"name": "a.example", **settings})  # type: ignore[arg-type]


def test_an_address_is_asked_for_backwards() -> None:
    with telling(lambda query, _: [reply(query, f"{query.question[0].name} 60 PTR host.example.").to_wire()]) as fake:
        reading = look(fake.place, "192.0.2.7", record="PTR", expect=("host.example",))
    assert reading.is_well, reading.detail
    assert fake.names == ["7.2.0.192.in-addr.arpa"]


def test_a_name_in_any_script_is_asked_for() -> None:
    with telling(lambda query, _: [honest(query)]) as fake:
        look(fake.place, "中国.example")
    assert fake.names == ["xn--fiqs8s.example"]


def test_it_is_near_only_where_nobody_else_has_to_be_asked() -> None:
    assert Dns(name="a.example", server="127.0.0.1", recursion=False).is_near()
    assert not Dns(name="a.example", server="127.0.0.1").is_near()
    assert not Dns(name="a.example", recursion=False).is_near()
    assert not Dns(name="a.example", server="192.0.2.1", recursion=False).is_near()


def test_the_other_way_is_tcp() -> None:
    probe = Dns(name="a.example", server="ns.example")
    assert [(name, other.target()) for name, other in probe.otherwise()] == [
        ("over TCP", "A of a.example at ns.example")
    ]
    assert not list(Dns(name="a.example", tcp=True).otherwise())
    assert Dns(name="a.example").target() == "A of a.example"


def test_the_example_of_its_page_can_be_used(tmp_path: Path) -> None:
    shown = shown_on_the_page("dns", tmp_path)
    assert set(shown) == {"shop-name", "resolver"}
    assert {type(one) for one in shown.values()} == {Dns}
