"""The alerts that Prometheus pushes: what is valid becomes events, what is not is named."""

import hashlib
import re
from collections.abc import Mapping
from itertools import islice

import msgspec

from daemon.event import API, MAX_LABEL_VALUE, MAX_LABELS, MAX_TITLE, Event, State
from daemon.listener.alertmanager.answers import NO_SUCH_TYPE, UNPROCESSABLE, missing, refuse
from daemon.listener.alertmanager.bodies import moment
from daemon.payload.alertlist import Listed, severity_of, told

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF  # of FNV-1a, 64 bits wide
_URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:|/)\S*")
_LONGEST = 100  # characters of an address in an answer
_GONE_THROUGH = 16 * 1024  # bytes of a label set: more of it would keep the event loop from everybody else

Texts = dict[str, str | None]


class Pushed(msgspec.Struct, frozen=True, rename="camel"):
    """One alert as it stands in a body; whatever else it says is left alone."""

    labels: Texts | None = None
    annotations: Texts | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")


DECODER = msgspec.json.Decoder(list[Pushed | None] | None)


class Valid(msgspec.Struct, frozen=True):
    """An alert whose form is right, with its times read."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: float
    ends_at: float
    generator_url: str


def formed(pushed: Pushed | None, position: int, resolve_timeout: float, now: float) -> Valid:
    """Fill in the times that it does not say. Raises Refused, and with it falls the whole body."""
    if pushed is None or pushed.labels is None:
        missing(f"{position}.labels in body is required")
    address = pushed.generator_url or ""
    if address and not _URI.fullmatch(address):
        message = f"{position}.generatorURL in body must be of type uri: {address[:_LONGEST]!r}"
        refuse(UNPROCESSABLE, message, code=NO_SUCH_TYPE)
    starts_at, ends_at = moment(pushed.starts_at, "alerts"), moment(pushed.ends_at, "alerts")
    if starts_at is None:
        starts_at = now if ends_at is None else ends_at
    return Valid(
        labels={name: value for name, value in pushed.labels.items() if value},
        annotations={name: value or "" for name, value in (pushed.annotations or {}).items()},
        starts_at=starts_at,
        ends_at=now + resolve_timeout if ends_at is None else ends_at,
        generator_url=address,
    )


def wrong(alert: Valid) -> str:
    """Say why an alert is not taken; empty when it is."""
    if alert.ends_at < alert.starts_at:
        return "start time must be before end time"
    if "" in alert.labels:
        return 'invalid label set: invalid name ""'
    if not alert.labels:
        return "at least one label pair required"
    return 'invalid annotations: invalid name ""' if "" in alert.annotations else ""


def event(alert: Valid, now: float) -> Event:
    """What fires until an instant that is still to come fires; else it is over."""
    over = alert.ends_at <= now
    made = told(
        API,
        Listed(
            raw={"generatorURL": alert.generator_url},
            state=State.RESOLVED if over else State.FIRING,
            severity=severity_of(alert.labels),
            fingerprint=fingerprint(alert.labels),
            labels=alert.labels,
            notes=alert.annotations,
            started_at=alert.starts_at,
            ended_at=alert.ends_at if over else None,
        ),
    )
    title = made.title or _named(alert.labels)
    return msgspec.structs.replace(made, title=title, fires_until=None if over else alert.ends_at)


def fingerprint(labels: Mapping[str, str]) -> str:
    """Name a label set as Prometheus does: FNV-1a over its names and values in order (common/model/signature.go).

    One that is larger than any that a Prometheus has gets a name of our own, which does not go byte by byte.
    """
    spelled = b"".join(
        b"%b\xff%b\xff" % (name.encode("utf-8", "replace"), labels[name].encode("utf-8", "replace"))
        for name in sorted(labels)
    )
    if len(spelled) > _GONE_THROUGH:
        return hashlib.blake2b(spelled, digest_size=8).hexdigest()
    digest = _OFFSET
    for byte in spelled:
        digest = ((digest ^ byte) * _PRIME) & _MASK
    return f"{digest:016x}"


def _named(labels: Mapping[str, str]) -> str:
    """What an alert is called that says nothing of itself; a title has no room for more."""
    names = sorted(islice(labels, MAX_LABELS))
    return "{" + ", ".join(f'{name}="{labels[name][:MAX_LABEL_VALUE]}"' for name in names)[: 2 * MAX_TITLE] + "}"
