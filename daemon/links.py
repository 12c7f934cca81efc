"""Signed links: whoever holds one may acknowledge one alert, as one person, until it expires.

A link is `<base>/ack/<token>`. The token is base64url, without padding, of

    1 byte   the version (1) and how many bytes the id has, four bits each
    3 bytes  when it expires, in units of ten minutes since the epoch
    n bytes  the alert's id
    3 bytes  of SHA-256 over the alert's fingerprint: another store's alert of the same id is another problem
    m bytes  the person's name, UTF-8; empty for a link that was sent to a room
    16 bytes of HMAC-SHA256 over all of the above, after the words `tocsin ack 1` and a zero byte

so 34 characters and the name. It can be read by whoever has it, and changed by nobody who does not have the secret.
"""

import base64
import binascii
import hashlib
import hmac
import math
from enum import StrEnum
from typing import Protocol

import msgspec

from daemon.alert import Alert
from daemon.secret import Secret

PATH = "/ack/"
UNIT = 600  # seconds
LONGEST = 400  # characters of a token: a name has at most 64

_VERSION = 1
_CONTEXT = b"tocsin ack 1\0"
_WHEN, _CHECK, _SIGNATURE = 3, 3, 16  # bytes
_LEAST = 1 + _WHEN + 1 + _CHECK + _SIGNATURE
_MOST_ID = 8


class Signs(Protocol):
    """What the settings say of links."""

    @property
    def base(self) -> str:
        """Where people reach the HTTP door."""

    @property
    def secret(self) -> Secret:
        """What signs."""

    @property
    def expires(self) -> float:
        """For how many seconds a link is good."""


class Bad(StrEnum):
    """Why a token is none."""

    MANGLED = "mangled"  # cut, or never one
    FORGED = "forged"  # not signed with this secret


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says, once its signature is right."""

    alert_id: int
    person: str
    expires_at: float
    check: bytes

    def fits(self, alert: Alert) -> bool:
        """Whether it was made for this problem."""
        return hmac.compare_digest(self.check, _check(alert))


def ack_url(links: Signs | None, alert: Alert, person: str, now: float) -> str:
    """The link by which this person acknowledges this alert; empty where no links are configured.

    `person` is the recipient's name, empty for a room.
    """
    if links is None:
        return ""
    return links.base.rstrip("/") + PATH + token(links.secret, alert, person, now + links.expires)


def token(secret: Secret, alert: Alert, person: str, expires_at: float) -> str:
    """Sign; it is good until the next full ten minutes after `expires_at`."""
    number = alert.id.to_bytes(max(1, (alert.id.bit_length() + 7) // 8), "big")
    when = math.ceil(expires_at / UNIT).to_bytes(_WHEN, "big")
    head = bytes([_VERSION << 4 | len(number)])
    payload = head + when + number + _check(alert) + person.encode("utf-8", "replace")
    return base64.urlsafe_b64encode(payload + _signature(secret, payload)).rstrip(b"=").decode()


def read(text: str, secret: Secret) -> Pass | Bad:
    """Check the signature, in constant time, before anything that it signs is believed."""
    raw = _decoded(text)
    if raw is None:
        return Bad.MANGLED
    payload, given = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if not (secret and hmac.compare_digest(_signature(secret, payload), given)):
        return Bad.FORGED
    length = payload[0] & 0x0F
    after = 1 + _WHEN + length
    if payload[0] >> 4 != _VERSION or not 1 <= length <= _MOST_ID or len(payload) < after + _CHECK:
        return Bad.MANGLED  # signed by an other version of tocsin
    return Pass(
        alert_id=int.from_bytes(payload[1 + _WHEN : after], "big"),
        person=payload[after + _CHECK :].decode("utf-8", "replace"),
        expires_at=float(int.from_bytes(payload[1 : 1 + _WHEN], "big") * UNIT),
        check=payload[after : after + _CHECK],
    )


def _decoded(text: str) -> bytes | None:
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # Bits that no byte is made of could be changed freely: one link has one spelling.
    spelled = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return raw if len(raw) >= _LEAST and spelled == text else None


def _signature(secret: Secret, payload: bytes) -> bytes:
    key = secret.reveal().encode("utf-8", "surrogatepass")
    return hmac.new(key, _CONTEXT + payload, hashlib.sha256).digest()[:_SIGNATURE]


def _check(alert: Alert) -> bytes:
    return hashlib.sha256(alert.fingerprint.encode("utf-8", "surrogatepass")).digest()[:_CHECK]
