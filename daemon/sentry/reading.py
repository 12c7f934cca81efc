"""From the bytes of a request to what is in it; what of it cannot be read does not keep the rest."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daemon.payload import coding
from daemon.payload.coding import CodingError
from daemon.reading import SPOILT
from daemon.sentry import errors, others, transactions
from daemon.sentry.envelope import Envelope, Item, NoEnvelope, opened
from daemon.sentry.found import Found
from daemon.sentry.objects import mapping
from daemon.sentry.times import Times
from daemon.store.spool import Sent

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_OTHERS: Mapping[str, Callable[[Mapping[str, Any], Times, Found], None]] = {
    "sessions": others.sessions,
    "session": others.session,
    "check_in": others.check_in,
    "client_report": others.client_report,
    "log": others.logs,
    "trace_metric": others.metrics,
}
_READ = frozenset(("event", "transaction", "span", *_OTHERS))

# An escape sequence: one that is half of a character, without its other half, is `half`.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

MOST_FOUND = 20_000  # errors, numbers and calls that are taken of one request, or a few more
MOST_ERRORS = 100  # SDKs send one in a request; all of a request are written in one transaction


class Unreadable(ValueError):
    """Nothing of a request can be read."""


class Limits(msgspec.Struct, frozen=True):
    """How large a request and each of its items may be, expanded."""

    expanded: int
    item: int


def read(sent: Sent, limits: Limits) -> Found:
    """Read a request. Raises Unreadable when there is nothing in it that can be."""
    found = Found(sent.app)
    try:
        plain = coding.expanded(sent.body, sent.coding, limits.expanded)
        envelope = _bare(plain, limits) if sent.is_store else opened(plain)
    except (CodingError, NoEnvelope) as error:
        raise Unreadable(str(error)) from error
    times = Times(sent.at, envelope.headers.get("sent_at"))
    for item in envelope.items:
        if found.size > MOST_FOUND or len(found.errors) >= MOST_ERRORS:
            found.flaws.append("there is too much in one request")
            break
        _take(item, envelope, sent.sdk, limits, times, found)
    if envelope.flaw:
        found.flaws.append(envelope.flaw)
    if found.flaws and not found.items:
        raise Unreadable("; ".join(found.flaws[:3]))
    if found.flaws:
        found.items["flaw"] += len(found.flaws)
    return found


def decoded(plain: bytes, limit: int) -> dict[str, Any]:
    """Read an event that came alone: JSON, or that packed twice as the oldest SDKs did. Raises Unreadable."""
    if plain[:1] not in (b"{", b" ", b"\n"):
        try:
            machine = zlib.decompressobj()
            plain = machine.decompress(base64.b64decode(plain, validate=True), limit)
        except (binascii.Error, zlib.error, ValueError) as error:
            raise Unreadable("this is no event: it is neither JSON nor that, compressed, as base64") from error
        if machine.unconsumed_tail:
            raise Unreadable(f"the event is larger than {limit} bytes once it is expanded")
    if len(plain) > limit:
        raise Unreadable(f"the event is larger than {limit} bytes")
    try:
        return _object(plain)
    except SPOILT as error:
        raise Unreadable(f"the event is no JSON object: {error}") from error


def _object(plain: bytes) -> dict[str, Any]:
    """Read JSON; a name of a file that is no UTF-8 is sent by Python's SDK with halves of characters in it."""
    try:
        return _decode(plain)
    except SPOILT:
        whole = _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], plain)
        if whole == plain:
            raise
        return _decode(whole)


def _bare(plain: bytes, limits: Limits) -> Envelope:
    event = decoded(plain, limits.item)
    kind = "transaction" if event.get("type") == "transaction" else "event"
    return Envelope({}, (Item(kind, plain, event),))


def _take(item: Item, envelope: Envelope, sdk: str, limits: Limits, times: Times, found: Found) -> None:
    if item.type not in _READ:
        found.items["skipped"] += 1  # attachments, profiles, replays, and whatever comes next year
        return
    if len(item.payload) > limits.item:
        found.flaws.append(f"an item of the type {item.type} is larger than {limits.item} bytes")
        return
    try:
        payload = _object(item.payload) if item.content is None else item.content
    except SPOILT as error:
        found.flaws.append(f"an item of the type {item.type} is no JSON object: {error}")
        return
    rate = mapping(envelope.headers.get("trace")).get("sample_rate")
    if item.type == "transaction" or (item.type == "event" and payload.get("type") == "transaction"):
        transactions.take(payload, rate, times, found)
    elif item.type == "event":
        errors.take(payload, len(item.payload), sdk, times, found)
    elif item.type == "span":
        transactions.take_spans(payload.get("items"), rate, times, found)
    else:
        _OTHERS[item.type](payload, times, found)
