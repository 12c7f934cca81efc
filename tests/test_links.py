"""Signed links: what is signed, what is refused, and how short they are."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.alert import Alert
from daemon.event import Severity, State
from daemon.links import UNIT, Bad, Pass, ack_url, read, token
from daemon.secret import Secret
from fake_clock import BEGIN

SECRET = Secret("a secret of enough letters")


@dataclass(frozen=True)
class Links:
    base: str = "https://alarm.example.com:8420"
    secret: Secret = SECRET
    expires: float = 86_400.0


def alert(alert_id: int = 17, fingerprint: str = "f" * 32) -> Alert:
    return Alert(
        id=alert_id, fingerprint=fingerprint, source="shop", key="k", state=State.FIRING, severity=Severity.ERROR,
        title="t", text="", labels={}, links={}, started_at=BEGIN, ended_at=None, first_seen=BEGIN, last_seen=BEGIN,
        count=1,
    )  # fmt: skip


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@given(
    alert_id=st.integers(1, 2**63 - 1),
    person=st.text(max_size=64).map(lambda text: text.encode("utf-8", "replace").decode()),
    expires_at=st.floats(BEGIN, BEGIN + 10**8),
)
@settings(max_examples=50)
def test_what_was_signed_is_read_back(alert_id: int, person: str, expires_at: float) -> None:
    said = read(token(SECRET, alert(alert_id), person, expires_at), SECRET)
    assert isinstance(said, Pass)
    assert (said.alert_id, said.person) == (alert_id, person)
    assert 0 <= said.expires_at - expires_at < UNIT
    assert said.fits(alert(alert_id))


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=100)
def test_no_bit_of_one_can_be_changed(position: int, bit: int) -> None:
    raw = bytearray(bytes_of(token(SECRET, alert(), "lin", BEGIN)))
    raw[position % len(raw)] ^= 1 << bit
    assert read(text_of(bytes(raw)), SECRET) is Bad.FORGED


@given(st.text(max_size=60) | st.binary(max_size=60).map(text_of))
@settings(max_examples=100)
def test_nothing_that_was_not_signed_is_taken(text: str) -> None:
    assert isinstance(read(text, SECRET), Bad)


def test_the_person_cannot_be_replaced() -> None:
    mine, theirs = (bytes_of(token(SECRET, alert(), person, BEGIN)) for person in ("lin", "wan"))
    assert read(text_of(theirs[:-16] + mine[-16:]), SECRET) is Bad.FORGED


def test_another_secret_s_link_is_forged_and_so_is_everything_without_a_secret() -> None:
    made = token(SECRET, alert(), "lin", BEGIN)
    assert read(made, Secret("another secret of enough")) is Bad.FORGED
    assert read(token(Secret(""), alert(), "lin", BEGIN), Secret("")) is Bad.FORGED


@pytest.mark.parametrize("change", ["", "x", "A" * 31, "A" * 401, "é" * 40, "=" * 40, "A" * 30 + "==", "A/+" * 20])
def test_what_was_cut_or_was_never_one_is_mangled(change: str) -> None:
    assert read(change, SECRET) is Bad.MANGLED


def test_one_link_has_one_spelling() -> None:
    """The last letter of 34 stands for four bits that no byte is made of."""
    made = token(SECRET, alert(300), "", BEGIN)
    assert len(made) == 34
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [made[:-1] + letter for letter in letters if letter != made[-1]]
    assert not [text for text in [*others, f"{made}=", f"{made}==", f" {made}"] if isinstance(read(text, SECRET), Pass)]


def test_the_same_number_in_another_store_is_another_problem() -> None:
    said = read(token(SECRET, alert(fingerprint="a" * 32), "lin", BEGIN), SECRET)
    assert isinstance(said, Pass)
    assert not said.fits(alert(fingerprint="b" * 32))


def test_what_is_signed_is_what_the_page_says() -> None:
    raw = bytes_of(token(SECRET, alert(300), "lin", BEGIN))
    signed = b"tocsin ack 1\0" + raw[:-16]
    assert hmac.new(SECRET.reveal().encode(), signed, hashlib.sha256).digest()[:16] == raw[-16:]
    assert raw[:1] == b"\x12"
    assert int.from_bytes(raw[1:4], "big") * 600 == BEGIN
    assert raw[4:6] == (300).to_bytes(2, "big")
    assert raw[6:9] == hashlib.sha256(b"f" * 32).digest()[:3]
    assert raw[9:-16] == b"lin"


@pytest.mark.parametrize("head", [b"\x22", b"\x02", b"\x10", b"\x19", b"\x1f"])
def test_one_that_was_signed_by_another_version_is_no_link_of_this_one(head: bytes) -> None:
    payload = head + bytes_of(token(SECRET, alert(300), "x" * 20, BEGIN))[1:-16]
    signature = hmac.new(SECRET.reveal().encode(), b"tocsin ack 1\0" + payload, hashlib.sha256).digest()[:16]
    assert read(text_of(payload + signature), SECRET) is Bad.MANGLED


@pytest.mark.parametrize("base", ["https://a.example", "https://a.example/", "http://10.0.0.7:8420/tocsin/"])
def test_the_address_is_what_the_operator_says(base: str) -> None:
    url = ack_url(Links(base=base), alert(), "lin", BEGIN)
    assert url.startswith(base.rstrip("/") + "/ack/")
    said = read(url.rpartition("/")[2], SECRET)
    assert isinstance(said, Pass)
    assert said.expires_at == BEGIN + 86_400


def test_it_fits_into_a_message() -> None:
    assert len(ack_url(Links(), alert(999_999), "lin", BEGIN)) <= 75


def test_there_is_none_where_none_is_configured() -> None:
    assert ack_url(None, alert(), "lin", BEGIN) == ""


def test_no_secret_shows_in_what_it_says() -> None:
    said = read(token(SECRET, alert(), "lin", BEGIN), SECRET)
    assert SECRET.reveal() not in str(msgspec.structs.asdict(said))  # type: ignore[arg-type]
