"""Messages of AWS SNS: what they are, and whether SNS has signed them."""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from daemon.errors import HandlerError, Untrusted
from daemon.hook import Hook, Outside
from daemon.payload.fields import kind, mapping, member, text_of
from daemon.payload.signed import is_signed
from daemon.payload.stamps import instant

AGE = 3_600.0  # seconds that a message may be old, or ahead of our clock

_TYPES = ("Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation")
# What is signed, in this order: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_ALGORITHMS = {"1": "sha1", "2": "sha256"}
_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?", re.ASCII)
_URL = 2_000  # characters
_RAW = (
    "raw message delivery is on for this subscription, and such messages carry no signature: turn it off "
    "(aws sns set-subscription-attributes --attribute-name RawMessageDelivery --attribute-value false)"
)


def message(hook: Hook) -> dict[str, Any]:
    """Take the envelope, whatever Content-Type claims; the body is signed, the headers are not."""
    body = mapping(hook.json(), "the body")
    said = member(body, "Type")
    if said not in _TYPES:
        raise HandlerError(f"Type must be one of {', '.join(_TYPES)}, not {text_of(said)[:80]!r}")
    return body


def field(body: dict[str, Any], name: str) -> str:
    """Take a text that must be there, or raise HandlerError."""
    value = member(body, name)
    if not isinstance(value, str):
        raise HandlerError(f"{name} must be a text, not {kind(value)}")
    return value


def admit(hook: Hook, topics: Collection[str], outside: Outside) -> None:
    """Check who signed it, and accept the subscription if it asks for that.

    Raises Untrusted, HandlerError, or OutsideError when Amazon cannot be asked now.
    """
    if hook.headers.get("x-amz-sns-rawdelivery", "").lower() == "true":
        raise Untrusted(_RAW)
    body = message(hook)
    topic = field(body, "TopicArn")
    if topic not in topics:
        raise Untrusted(f"the topic {topic[:200]!r} is not among the source's topics")
    _fresh(body, hook.received_at)
    _signed(body, outside)
    if body["Type"] == "SubscriptionConfirmation":
        outside.get(_amazon_s(body, "SubscribeURL"))


def _fresh(body: dict[str, Any], now: float) -> None:
    """Refuse what is old: whoever recorded a message must not be able to play it again for ever."""
    at = instant(field(body, "Timestamp"))
    if at is None or abs(now - at) > AGE:
        raise Untrusted(f"the message was made at {field(body, 'Timestamp')[:60]!r}, more than an hour from now")


def _signed(body: dict[str, Any], outside: Outside) -> None:
    algorithm = _ALGORITHMS.get(text_of(body.get("SignatureVersion")))
    if algorithm is None:
        raise Untrusted(f"SignatureVersion {text_of(body.get('SignatureVersion'))[:20]!r} is not known; 1 and 2 are")
    certificate = outside.kept(_amazon_s(body, "SigningCertURL", certificate=True))
    try:
        good = is_signed(_to_sign(body), field(body, "Signature"), certificate, algorithm)
    except ValueError as error:
        raise Untrusted(f"SigningCertURL: {error}") from error
    if not good:
        raise Untrusted("the signature does not fit the message: it was changed on its way, or is not from AWS")


def _to_sign(body: dict[str, Any]) -> bytes:
    """Write each signed field as two lines, its name and its value; an absent Subject is left out."""
    names = _SIGNED[body["Type"]]
    pairs = [(name, field(body, name)) for name in names if name != "Subject" or body.get("Subject") is not None]
    return "".join(f"{name}\n{value}\n" for name, value in pairs).encode()


def _amazon_s(body: dict[str, Any], name: str, *, certificate: bool = False) -> str:
    """Take an address only if it is that of SNS itself, written so that nobody can read it in another way."""
    url = field(body, name)
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= _URL
    try:
        parts = urlsplit(url if plain else "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc):  # which has neither a user nor a port
        raise Untrusted(f"{name} does not lead to https://sns.<region>.amazonaws.com: {url[:200]!r}")
    if certificate and (not parts.path.endswith(".pem") or parts.query or parts.fragment):
        raise Untrusted(f"{name} does not end in .pem: {url[:200]!r}")
    return url
