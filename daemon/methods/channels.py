"""The ways out: how each stands, and a test message over one."""

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

import daemon.senders
from daemon.config.declarations import Declaration, declaration
from daemon.config.people import FORMS
from daemon.config.settings import Channel, Settings
from daemon.config.targets import book, unknown
from daemon.errors import MethodError, SendError
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Table
from daemon.notice import Recipient
from daemon.oncall.roster import on_call
from daemon.oncall.schedule import SCHEDULE, TEAM
from daemon.registry import kinds_in
from daemon.store import overrides

# Of the other kinds every name looks like an address.
_LOOKS_LIKE = {
    "phone": re.compile(r"\+?[0-9][0-9 ()-]{3,24}"),
    **{kind: FORMS[kind].pattern for kind in ("email", "slack", "telegram")},
}


class ChannelLine(msgspec.Struct, frozen=True, kw_only=True):
    """One channel. `address` is what it needs of a person, empty for a room; `lane` is how its deliveries stand."""

    name: str
    type: str
    address: str
    pool: int
    lane: Any


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider said to a test message."""

    sent: bool
    channel: str
    recipient: Recipient
    provider_id: str = ""
    detail: str = ""
    code: str = ""  # the provider's own word for its refusal
    ambiguous: bool = False  # it may have arrived all the same


def add(table: Table, parts: Parts) -> None:
    """Add `channels.*`."""

    @table.method("channels.list", "read")
    def _list() -> list[ChannelLine]:
        """List the channels, and how deliveries over each stand."""
        lanes = {lane.channel: lane for lane in parts.courier.status()}
        return [
            ChannelLine(
                name=channel.name,
                type=channel.type,
                address=channel.sender.address,
                pool=channel.pool,
                lane=lanes.get(channel.name),
            )
            for channel in parts.settings().channels.values()
        ]

    @table.method("channels.schema", "read")
    def _schema(type: str = "") -> list[Declaration]:  # noqa: A002 - the setting's name
        """Say what each type of channel takes and declares: settings, limits, what its provider's codes mean."""
        return declared(type)

    @table.method("channels.test", "act")
    def _test(channel: str, to: str = "") -> list[Tested]:
        """Send a test message now to people, a team, all on call or addresses, with commas; rooms need nobody."""
        known = _known(channel, parts.settings())
        return [tested(parts, channel, recipient) for recipient in recipients_of(known, to, parts)]


def declared(name: str) -> list[Declaration]:
    """What one type of channel declares, or each of them. Raises MethodError."""
    kinds = kinds_in(daemon.senders)
    if name and name not in kinds:
        raise MethodError(f"there is no type {name[:100]!r}; there are: {', '.join(sorted(kinds))}", code=NOT_FOUND)
    return [declaration(one, kinds[one]) for one in ([name] if name else sorted(kinds))]


def tested(parts: Parts, channel: str, recipient: Recipient) -> Tested:
    """Send a test message to one recipient, and say what came of it."""
    try:
        receipt = parts.courier.test(channel, recipient)
    except SendError as error:
        return Tested(
            sent=False,
            channel=channel,
            recipient=recipient,
            detail=str(error),
            code=error.code,
            ambiguous=error.ambiguous,
        )
    return Tested(
        sent=True, channel=channel, recipient=recipient, provider_id=receipt.provider_id, detail=receipt.detail
    )


def _known(channel: str, settings: Settings) -> Channel:
    known = settings.channels.get(channel)
    if known is None:
        names = ", ".join(settings.channels) or "none"
        raise MethodError(f"there is no channel {channel[:100]!r}; there are: {names}", code=NOT_FOUND)
    return known


def recipients_of(channel: Channel, to: str, parts: Parts) -> list[Recipient]:
    """Find out who is meant: names and addresses with commas between them, teams and schedules. Raises MethodError."""
    settings, found = parts.settings(), dict[str, Recipient]()
    for one in [part.strip() for part in to.split(",")] if to else [""]:
        for name in _people(one, parts):
            recipient = recipient_of(channel, name, settings)
            found.setdefault(recipient.address, recipient)
    return list(found.values())


def _people(one: str, parts: Parts) -> Sequence[str]:
    """Everybody in a team, or on call now by a schedule; anybody else is who is meant."""
    settings, now = parts.settings(), parts.clock.now()
    if not one.startswith((TEAM, SCHEDULE)):
        return [one]
    if said := unknown(one, settings.people.keys(), settings.teams.keys(), settings.schedules.keys()):
        raise MethodError(said, code=NOT_FOUND)
    stored = parts.store.read(lambda tx: overrides.covers(tx, now, math.nextafter(now, math.inf)))
    rota = book(settings, stored)
    if one.startswith(TEAM):
        return rota.people((one,))
    who = on_call(rota, one.removeprefix(SCHEDULE), now)
    if not who:
        raise MethodError(f"{one} has nobody on call now", code=REFUSED)
    return who


def recipient_of(channel: Channel, to: str, settings: Settings) -> Recipient:
    """Find out where `to` is on this channel: a person's name, else an address itself. Raises MethodError."""
    kind = channel.sender.address
    if not kind:
        if to:
            raise MethodError(f"{channel.name} is a room: leave out who is to be told", code=INVALID_PARAMS)
        return Recipient()
    if not to:
        raise MethodError(f"{channel.name} needs to know whom: a person or a {kind}", code=INVALID_PARAMS)
    person = settings.people.get(to)
    if person is not None:
        address = str(getattr(person, kind, ""))
        if not address:
            raise MethodError(f"{to} has no {kind} in the configuration", code=REFUSED)
        return Recipient(name=to, address=address)
    looks_like = _LOOKS_LIKE.get(kind)
    if looks_like is not None and not looks_like.fullmatch(to):
        people = ", ".join(settings.people) or "nobody"
        raise MethodError(f"{to[:100]!r} is neither a person ({people}) nor a {kind}", code=NOT_FOUND)
    return Recipient(address=to)
