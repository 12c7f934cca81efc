"""The tls probe against servers with every kind of certificate, and against what is no TLS at all."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from gevent.event import Event as Signal

from authority import Authority, Signed
from daemon.probes.network.certificate import read, remembered
from daemon.probes.network.starttls import Protocol
from daemon.probes.tls import Tls
from daemon.reading import Health, Past, Reading
from daemon.units import Seconds
from raw_server import Speak, serving
from until import until

CERTIFICATE = {"cert.days", "cert.chain_days", "cert.names", "cert.subject", "cert.issuer", "cert.sha256"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def shaking(context: ssl.SSLContext) -> Speak:
    def speak(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tunnel:
            tunnel.recv(1)

    return speak


def look(signed: Signed, folder: Path, **more: object) -> Reading:
    with serving(shaking(signed.context(folder))) as port:
        return Tls(**({"host": "127.0.0.1", "port": port} | more)).look()  # type: ignore[arg-type]


def test_a_valid_certificate_is_up_and_tells_all_about_it(authority: Authority, tmp_path: Path) -> None:
    signed = authority.signs("127.0.0.1", "shop.example", days=10)
    reading = look(signed, tmp_path, ca_file=str(authority.pem))
    assert reading.health is Health.UP
    assert reading.detail == "TLSv1.3, certificate valid for 10 days"
    assert list(reading.phases) == ["resolve", "connect", "tls", "total"]
    values = reading.values
    assert set(values) == CERTIFICATE | {"tls.version", "tls.cipher", "ip"}
    assert values["cert.days"] == pytest.approx(10, abs=0.01)
    assert values["cert.names"] == ["127.0.0.1", "shop.example"]
    assert values["cert.subject"] == "CN=127.0.0.1"
    assert values["cert.issuer"] == "CN=tocsin test authority"
    assert len(values["cert.sha256"]) == 64
    assert values["tls.cipher"].startswith("TLS_")
    assert set(values) == set(Tls.GIVES)
    assert reading.evidence["certificate"].startswith("CN=127.0.0.1, issued by CN=tocsin test authority, valid until ")
    assert reading.evidence["certificate"].endswith("UTC, accepted")


def test_an_expired_certificate_is_a_reason_and_its_days_are_known(authority: Authority, tmp_path: Path) -> None:
    reading = look(authority.signs("127.0.0.1", days=-3), tmp_path, ca_file=str(authority.pem))
    assert reading.health is Health.DOWN
    assert reading.detail == "the certificate is not accepted: certificate has expired"
    assert reading.values["cert.days"] == pytest.approx(-3, abs=0.01)
    assert set(reading.values) == CERTIFICATE | {"ip"}
    assert reading.evidence["certificate"].endswith("UTC, not accepted")
    assert list(reading.phases) == ["resolve", "connect"]


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda ca: ca.signs("127.0.0.1", begins=1), "the certificate is not accepted: certificate is not yet valid"),
        (
            lambda ca: ca.signs("other.example"),
            "the certificate is not accepted: IP address mismatch, certificate is not",
        ),
    ],
)
def test_what_is_wrong_with_a_certificate_is_the_reason(
    authority: Authority, tmp_path: Path, make: Callable[[Authority], Signed], detail: str
) -> None:
    reading = look(make(authority), tmp_path, ca_file=str(authority.pem))
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)
    assert set(reading.values) >= CERTIFICATE


def test_a_certificate_of_an_authority_that_nobody_knows(authority: Authority, tmp_path: Path) -> None:
    reading = look(authority.signs("127.0.0.1"), tmp_path)
    assert reading.detail == "the certificate is not accepted: unable to get local issuer certificate"
    assert reading.values["cert.days"] == pytest.approx(10, abs=0.01)


def test_one_that_signed_itself(authority: Authority, tmp_path: Path) -> None:
    reading = look(authority.own, tmp_path, server_name="tocsin.example")
    assert reading.detail == "the certificate is not accepted: self-signed certificate"
    assert set(reading.values) >= CERTIFICATE


def test_without_verifying_everything_is_accepted_and_reported(authority: Authority, tmp_path: Path) -> None:
    reading = look(authority.signs("other.example", days=-400, begins=-500), tmp_path, verify=False)
    assert reading.health is Health.UP
    assert reading.detail == "TLSv1.3, certificate expired 400 days ago"
    assert reading.evidence["certificate"].endswith("UTC, not checked")
    assert reading.values["tls.version"] == "TLSv1.3"


def test_the_chain_is_looked_at_as_far_as_it_is_served(authority: Authority, tmp_path: Path) -> None:
    between = Authority(tmp_path, "between", above=authority, days=4)
    signed = between.signs("127.0.0.1", days=9)
    reading = look(signed, tmp_path, ca_file=str(authority.pem))
    assert reading.is_well
    assert reading.values["cert.days"] == pytest.approx(9, abs=0.01)
    assert reading.values["cert.chain_days"] == pytest.approx(4, abs=0.01)
    signed.above = []
    reading = look(signed, tmp_path, ca_file=str(authority.pem))
    assert reading.detail == "the certificate is not accepted: unable to get local issuer certificate"
    assert reading.values["cert.chain_days"] == pytest.approx(9, abs=0.01)


def test_the_name_may_be_another_than_the_host(authority: Authority, tmp_path: Path) -> None:
    asked: list[object] = []
    signed = authority.signs("shop.example")
    context = signed.context(tmp_path)
    context.set_servername_callback(lambda _tunnel, name, _context: asked.append(name))
    with serving(shaking(context)) as port:
        probe = Tls(host="127.0.0.1", port=port, server_name="shop.example", ca_file=str(authority.pem))
        assert probe.look().is_well
    assert asked == ["shop.example"]


def test_an_old_version_is_not_accepted(authority: Authority, tmp_path: Path) -> None:
    context = authority.signs("127.0.0.1").context(tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(shaking(context)) as port:
        settings = {"host": "127.0.0.1", "port": port, "ca_file": str(authority.pem)}
        assert Tls(**settings).look().values["tls.version"] == "TLSv1.2"  # type: ignore[arg-type]
        reading = Tls(**settings, least_version="1.3").look()  # type: ignore[arg-type]
    assert reading.detail == "TLS failed: tlsv1 alert protocol version"
    assert "tls" not in reading.phases


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_shown(authority: Authority, tmp_path: Path, version: ssl.TLSVersion) -> None:
    seen: list[object] = []
    context = authority.signs("127.0.0.1").context(tmp_path, clients_of=authority.pem)
    context.minimum_version = context.maximum_version = version

    def speak(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tunnel:
            seen.append(tunnel.getpeercert())

    pem, key = authority.signs("client.example").saved(tmp_path, "client")
    both = tmp_path / "both.pem"
    both.write_bytes(pem.read_bytes() + key.read_bytes())
    with serving(speak) as port:
        for files in ({"cert_file": str(pem), "key_file": str(key)}, {"cert_file": str(both)}):
            assert Tls(host="127.0.0.1", port=port, ca_file=str(authority.pem), **files).look().is_well
        until(lambda: len(seen) == 2)
    assert [one["subjectAltName"] for one in seen] == [(("DNS", "client.example"),)] * 2  # type: ignore[index]


def test_files_that_cannot_be_used_are_a_reason_and_nobody_is_asked_for_a_password(
    authority: Authority, tmp_path: Path
) -> None:
    signed = authority.signs("client.example")
    pem, key = signed.saved(tmp_path, "client")
    hidden, other, empty = tmp_path / "hidden.key", tmp_path / "other.key", tmp_path / "empty.pem"
    hidden.write_bytes(signed.secret(b"password"))
    other.write_bytes(authority.own.secret())
    empty.touch()
    missing = tmp_path / "none.pem"
    said = {
        (missing, key): f"cannot read {missing}: no such file or directory",
        (pem, missing): f"cannot read {missing}: no such file or directory",
        (pem, hidden): f"{pem} with the key in {hidden} is no client certificate: ",
        (pem, other): f"{pem} with the key in {other} is no client certificate: key values mismatch",
        (empty, key): f"{empty} with the key in {key} is no client certificate: ",
    }
    for (cert_file, key_file), detail in said.items():
        reading = look(signed, tmp_path, ca_file=str(authority.pem), cert_file=str(cert_file), key_file=str(key_file))
        assert reading.health is Health.DOWN
        assert reading.detail.startswith(detail)


STARTTLS: dict[Protocol, list[bytes]] = {
    "smtp": [b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"],
    "postgres": [b"", b"S"],
}


@pytest.mark.parametrize("protocol", STARTTLS)
def test_tls_may_begin_after_some_words(authority: Authority, tmp_path: Path, protocol: Protocol) -> None:
    context = authority.signs("127.0.0.1").context(tmp_path)

    def speak(sock: socket.socket) -> None:
        *words, last = STARTTLS[protocol]
        for said in words:
            sock.sendall(said)
            sock.recv(4_096)
        sock.sendall(last)
        shaking(context)(sock)

    with serving(speak) as port:
        reading = Tls(host="127.0.0.1", port=port, starttls=protocol, ca_file=str(authority.pem)).look()
    assert reading.is_well
    assert list(reading.phases) == ["resolve", "connect", "starttls", "tls", "total"]


@pytest.mark.parametrize(
    ("speak", "detail"),
    [
        (
            lambda sock: sock.recv(4_096) and sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "TLS failed: wrong version number",
        ),
        (lambda sock: sock.recv(4_096) and sock.sendall(b"\x15\x03\x01\x00\x02\x02\x28"), "TLS failed: "),
        (lambda sock: sock.recv(4_096) and sock.sendall(b"\x16\x03\x03\xff\xff" + b"\0" * 70_000), "TLS failed: "),
        (lambda sock: sock.recv(4_096), "the connection was closed during TLS"),
        (lambda _: Signal().wait(), "no answer within 0.3s, stuck at tls"),
    ],
)
def test_what_is_no_handshake_is_a_reason(speak: Speak, detail: str) -> None:
    with serving(speak) as port:
        reading = Tls(host="127.0.0.1", port=port, timeout=Seconds(0.3)).look()
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)
    assert list(reading.phases) == ["resolve", "connect"]
    assert set(reading.values) == {"ip"}


def test_the_same_certificate_is_read_once(authority: Authority, tmp_path: Path) -> None:
    signed = authority.signs("127.0.0.1")
    remembered.cache_clear()
    for _ in range(5):
        look(signed, tmp_path, ca_file=str(authority.pem))
    assert remembered.cache_info().misses == 1


def test_huge_certificates_are_not_kept(authority: Authority) -> None:
    huge = authority.signs(*(f"shop-{number}.example" for number in range(500)))
    remembered.cache_clear()
    found = read(huge.certificate.public_bytes(Encoding.DER))
    assert found is not None
    assert found.names[0] == "shop-0.example"
    assert not remembered.cache_info().currsize


def test_no_certificate_makes_the_reading_of_it_fail(authority: Authority) -> None:
    der = authority.signs("127.0.0.1", "shop.example").certificate.public_bytes(Encoding.DER)
    for at in range(0, len(der), 3):
        for flip in (0x01, 0x80, 0xFF):
            found = remembered.__wrapped__(der[:at] + bytes([der[at] ^ flip]) + der[at + 1 :])
            assert found is None or found.subject


def test_a_name_in_a_certificate_cannot_write_on_the_screen(tmp_path: Path) -> None:
    evil = Authority(tmp_path, "evil\x1b[2J\nname" + "x" * 40)
    reading = look(evil.signs("127.0.0.1"), tmp_path, verify=False)
    assert "\x1b" not in str(reading)
    assert "\n" not in reading.evidence["certificate"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""}, {"host": "a..b"}, {"host": "a b"}, {"host": "x", "server_name": "a/b"}, {"host": "x", "port": 0},
        {"host": "x", "key_file": "/k"},
    ],
)  # fmt: skip
def test_settings_that_can_never_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"host|server_name|port|key_file"):
        Tls(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("localhost", True), ("db.localhost", True), ("127.0.0.1", True), ("::1", True), ("[::1]", True),
        ("10.1.2.3", True),
        ("192.168.1.1", True), ("172.20.0.1", True), ("fe80::1", True), ("fd00::1", True), ("192.0.2.1", False),
        ("8.8.8.8", False), ("2001:db8::1", False), ("shop.example", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_what_is_near(host: str, near: bool) -> None:
    assert Tls(host=host).is_near() is near


def test_another_family_is_another_way_and_one_that_there_is_not_is_no_opinion(
    authority: Authority, tmp_path: Path
) -> None:
    signed = authority.signs("localhost", "127.0.0.1")
    with serving(shaking(signed.context(tmp_path))) as port:
        ways = dict(Tls(host="localhost", port=port, ca_file=str(authority.pem)).otherwise())
        assert list(ways) == ["over IPv4", "over IPv6"]
        assert ways["over IPv4"].look_on(Past(now=0)).is_well
        none = dict(Tls(host="only-v4.invalid", port=port).otherwise())["over IPv6"]
        assert none.look_on(Past(now=0)).health is Health.UNKNOWN
    assert not list(Tls(host="127.0.0.1").otherwise())
    assert not list(Tls(host="shop.example", family="ipv4").otherwise())
