"""The dialogue of the tcp probe: what is sent, what is waited for, what of it is shown."""

import socket
import ssl
import time
from pathlib import Path

import gevent
import pytest
from gevent.event import Event as Signal

from certificates import certificate
from daemon.clock import SystemClock
from daemon.probes.network.dialogue import MOST_HEARD, unescaped
from daemon.probes.tcp import Step, Tcp
from daemon.reading import Health, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from probe_pages import shown_on_the_page
from raw_server import Speak, serving

CANARY = "canary-7f3a"


def look(speak: Speak, *steps: Step, timeout: float = 2, **more: object) -> Reading:
    with serving(speak) as port:
        return Tcp(host="127.0.0.1", port=port, timeout=Seconds(timeout), dialogue=steps, **more).look()  # type: ignore[arg-type]


def echo(sock: socket.socket) -> None:
    while words := sock.recv(4096):
        sock.sendall(words)


def saying(words: bytes) -> Speak:
    """Say this to whoever comes, and wait."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(words)
        sock.recv(1)

    return speak


def test_a_dialogue_that_holds_is_up() -> None:
    heard = []

    def speak(sock: socket.socket) -> None:
        sock.sendall(b"* OK IMAP ready\r\n")
        heard.append(sock.recv(4096))
        sock.sendall(b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n")
        heard.append(sock.recv(4096))
        sock.sendall(b"* BYE\r\n")

    steps = [
        Step(expect=r"^\* OK"),
        Step(send=r"a1 CAPABILITY\r\n", expect="(?m)^a1 OK"),
        Step(send=r"a2 LOGOUT\r\n", expect="BYE"),
    ]
    reading = look(speak, *steps)
    assert reading.is_well
    assert reading.detail == "connected to 127.0.0.1, 3 steps of the dialogue held"
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "total"]
    assert heard == [b"a1 CAPABILITY\r\n", b"a2 LOGOUT\r\n"]
    assert reading.values["answer"].startswith("* OK IMAP ready\r\n* CAPABILITY")
    assert reading.evidence["answer"] == "* OK IMAP ready * CAPABILITY IMAP4rev1 a1 OK done * BYE"


def test_what_was_read_in_one_step_is_not_found_again_in_the_next() -> None:
    reading = look(saying(b"one two one"), Step(expect="one"), Step(expect="one"), Step(expect="one"), timeout=0.3)
    assert reading.detail == "no answer within 0.3s, stuck at step 3 of the dialogue"
    assert reading.values["answer"] == "one two one"


def test_something_may_only_be_sent_or_only_be_awaited() -> None:
    assert look(saying(b"hello"), Step(expect="hel+o")).is_well
    assert look(echo, Step(send="hello")).is_well
    assert look(echo, Step(send="a"), Step(send="b", expect="ab")).is_well


def test_a_pattern_may_have_any_letters_and_lines_and_bytes_that_are_none() -> None:
    reading = look(saying("\r\n告警 250 löuft\r\n".encode() + b"\xff\xfe"), Step(expect="(?m)^告警 [0-9]+ lö"))
    assert reading.is_well
    assert reading.values["answer"].endswith("\ufffd\ufffd")


def test_another_answer_is_down_with_what_it_was() -> None:
    def speak(sock: socket.socket) -> None:
        sock.sendall(b"-ERR\x1b[31m no\r\n")

    reading = look(speak, Step(expect=r"\+OK"))
    assert reading.health is Health.DOWN
    assert reading.detail == r"the connection was closed without a match of \+OK, after: -ERR [31m no"
    assert reading.evidence["answer"] == "-ERR [31m no"


def test_an_answer_in_time_that_does_not_fit_says_which_step_waits() -> None:
    reading = look(saying(b"-ERR no\r\n"), Step(expect="ERR"), Step(expect="OK"), timeout=0.2)
    assert reading.detail == "no answer within 0.2s, stuck at step 2 of the dialogue"
    assert look(saying(b""), Step(expect="OK"), timeout=0.2).detail == "no answer within 0.2s, stuck at first byte"


def test_nothing_is_read_where_nothing_is_expected() -> None:
    reading = look(saying(b"hello"))
    assert list(reading.phases) == ["resolve", "connect", "total"]
    assert "answer" not in reading.values


def test_an_endless_answer_is_read_up_to_the_cap() -> None:
    def speak(sock: socket.socket) -> None:
        while True:
            sock.sendall(b"x" * 65_536)

    reading = look(speak, Step(expect="never"))
    assert reading.detail.startswith(f"it says more than {MOST_HEARD} bytes without a match of never: xxx")
    assert len(reading.values["answer"]) <= MOST_HEARD + 4096


def test_an_answer_in_single_bytes_is_read_as_far_as_it_makes_sense() -> None:
    def speak(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"250 hello\r\n" * 100:
            sock.sendall(bytes([byte]))
        sock.recv(1)

    assert look(speak, Step(expect="(hello[^h]*){100}")).is_well


def test_a_pattern_that_is_hard_to_match_holds_nobody_up() -> None:
    """Others have their turn between one search and the next; the longest is below 50 ms of processor time."""
    gaps = []
    over = Signal()

    def feel() -> None:
        while not over.is_set():
            before = time.thread_time()
            SystemClock().breathe()
            gaps.append(time.thread_time() - before)

    feeling = gevent.spawn(feel)
    hard = Step(expect="(?s)(.*)(a.{1,300})(b.{1,300})(.*)[0-9]")
    assert not look(lambda sock: sock.sendall(b"abcd" * 10_000), hard).is_well
    assert look(lambda sock: sock.sendall(b"abcd" * 3_000 + b"0" + b"abcd" * 3_000), hard).is_well
    over.set()
    feeling.join()
    assert len(gaps) > 8
    assert max(gaps) < 0.05


def test_secrets_are_sent_and_shown_nowhere() -> None:
    heard = []

    def speak(sock: socket.socket) -> None:
        heard.append(sock.recv(4096))
        sock.sendall(b"unknown command: " + heard[0])

    step = Step(send_secret=Secret(rf"AUTH {CANARY}\r\n"), expect="OK")
    reading = look(speak, step)
    assert heard == [f"AUTH {CANARY}\r\n".encode()]
    assert reading.detail == "the connection was closed without a match of OK, after: unknown command: ***"
    assert CANARY not in repr(reading)
    assert CANARY not in repr(step)
    assert CANARY not in repr(Tcp(host="a", port=1, dialogue=(step,)))


def test_through_tls_and_after_starttls(tmp_path: Path) -> None:
    pem, context = certificate(tmp_path, "127.0.0.1")

    def secure(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tunnel:
            echo(tunnel)

    def pop(sock: socket.socket) -> None:
        sock.sendall(b"+OK\r\n")
        sock.recv(4096)
        sock.sendall(b"+OK\r\n")
        secure(sock)

    step = Step(send="hello", expect="hello")
    reading = look(secure, step, tls=True, ca_file=str(pem))
    assert reading.is_well
    assert list(reading.phases) == ["resolve", "connect", "tls", "first_byte", "total"]
    assert 0 < reading.values["cert.days"] <= 1
    reading = look(pop, step, starttls="pop3", ca_file=str(pem))
    assert reading.is_well
    assert list(reading.phases) == ["resolve", "connect", "starttls", "tls", "first_byte", "total"]
    plain = look(secure, step)
    assert plain.detail == "the connection was closed without an answer"
    alert = look(saying(b"\x15\x03\x01\0\x02\x02\x46"), Step(expect="OK"), timeout=0.2)
    assert alert.evidence["answer"] == "a TLS alert"
    assert look(saying(b"+OK\r\n"), step, tls=True).detail == "TLS failed: wrong version number"
    refused = look(secure, step, tls=True)
    assert refused.detail == "the certificate is not accepted: self-signed certificate"
    assert look(secure, step, tls=True, verify=False).is_well


def test_a_name_that_ends_with_a_dot_is_the_one_in_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, context = certificate(tmp_path, "db.example")

    def secure(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tunnel:
            echo(tunnel)

    with serving(secure) as port:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert Tcp(host="db.example.", port=port, tls=True, ca_file=str(pem)).look().is_well


def test_a_certificate_of_our_own_is_shown_where_one_is_wanted(tmp_path: Path) -> None:
    pem, context = certificate(tmp_path, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # which says so in the handshake

    def secure(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tunnel:
            echo(tunnel)

    step = Step(send="hello", expect="hello")
    own = {"cert_file": str(pem), "key_file": str(pem.with_suffix(".key"))}
    assert look(secure, step, tls=True, ca_file=str(pem), **own).is_well
    assert look(secure, step, tls=True, ca_file=str(pem)).detail.startswith("TLS failed: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", b""),
        (r"PING\r\n", b"PING\r\n"),
        (r"\0\x00\x1B\t\\n", b"\0\0\x1b\t\\n"),
        ("\r\n", b"\r\n"),
        (r"你好\n", "你好\n".encode()),
        (r"\xff\xFE", b"\xff\xfe"),
    ],
)
def test_what_is_sent_may_be_any_bytes(text: str, words: bytes) -> None:
    assert unescaped(text) == words


@pytest.mark.parametrize("text", ["\\", r"\q", r"\x", r"\x1", r"\xzz", "a\\\n"])
def test_an_escape_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"behind a \\ there must be"):
        unescaped(text)
    with pytest.raises(ValueError, match="in send behind"):
        Step(send=text)


def test_steps_and_settings_that_can_never_work_are_refused() -> None:
    with pytest.raises(ValueError, match="a step is empty"):
        Step()
    with pytest.raises(ValueError, match="not an RE2 pattern"):
        Step(expect="(")
    with pytest.raises(ValueError, match="either send or send_secret"):
        Step(send="a", send_secret=Secret("b"))
    with pytest.raises(ValueError, match="tls and starttls exclude"):
        Tcp(host="a", port=1, tls=True, starttls="smtp")
    with pytest.raises(ValueError, match="the key to a cert_file, which is missing"):
        Tcp(host="a", port=1, key_file="/k")
    with pytest.raises(ValueError, match="starttls knows smtp, imap"):
        Tcp(host="a", port=1, starttls="telnet")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at most 32"):
        Tcp(host="a", port=1, dialogue=(Step(send="a"),) * 33)


def test_it_is_configured_as_the_page_shows(tmp_path: Path) -> None:
    probes = shown_on_the_page("tcp", tmp_path, MEMCACHED_PASSWORD=CANARY)
    imap, cache = probes["imap"], probes["cache"]
    assert isinstance(imap, Tcp)
    assert isinstance(cache, Tcp)
    assert imap.starttls == "imap"
    assert imap.dialogue[1].words() == b"a1 LOGOUT\r\n"
    assert cache.dialogue[0].words().endswith(f"{CANARY}\r\n".encode())
    assert CANARY not in repr(cache)
