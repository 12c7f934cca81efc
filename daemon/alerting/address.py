"""From a receiver to deliveries: one per leg and person, each with its chain of channels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.config.audience import Leg
from daemon.config.settings import Settings
from daemon.config.targets import book
from daemon.notice import Hop
from daemon.oncall.roster import on_call
from daemon.oncall.schedule import SCHEDULE, Book, Cover


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient of a notice and the ways to reach them, in fail-over order."""

    recipient: str
    hops: list[Hop]


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is to be told, and a sentence for each target by which nobody is."""

    addresses: list[Address]
    missing: list[str]


def addresses(
    legs: Iterable[Leg], settings: Settings, times: Sequence[float], overrides: Mapping[str, tuple[Cover, ...]]
) -> Addressed:
    """Expand legs to whoever is on call at any of these times, usually the one that is now.

    `overrides` are the stored ones that hold then.
    """
    rota = book(settings, overrides)
    expanded = [of_leg(leg, settings, rota, times) for leg in legs]
    return Addressed(
        addresses=[address for leg in expanded for address in leg.addresses],
        missing=[said for leg in expanded for said in leg.missing],
    )


def of_leg(leg: Leg, settings: Settings, rota: Book, times: Sequence[float]) -> Addressed:
    """Expand one leg: a person is told once, however many of its targets mean them.

    A leg by whose targets nobody can be told goes to those of its channels that are rooms.
    """
    people, missing = _people(leg, rota, times)
    found, unreachable = _reached(leg, people, settings)
    return Addressed(addresses=found or _rooms(leg, settings), missing=[*missing, *unreachable])


def _people(leg: Leg, rota: Book, times: Sequence[float]) -> tuple[list[str], list[str]]:
    """Who is meant, each once, and a sentence for each target that means nobody."""
    people: dict[str, None] = {}
    missing = []
    for target in leg.to:
        if not target.startswith(SCHEDULE):
            people.update(dict.fromkeys(rota.people((target,))))
        elif who := [one for at in times for one in on_call(rota, target.removeprefix(SCHEDULE), at)]:
            people.update(dict.fromkeys(who))
        else:
            missing.append(f"{target} has nobody on call")
    return list(people), missing


def _reached(leg: Leg, people: list[str], settings: Settings) -> tuple[list[Address], list[str]]:
    """One address a person, and a sentence for each who has none for any channel of the leg."""
    found, unreachable = [], []
    for name in people:
        hops = list(_hops(leg, name, settings))
        if hops:
            found.append(Address(recipient=name, hops=hops))
        else:
            unreachable.append(f"{name} has no address for {', '.join(leg.by)}")
    return found, unreachable


def _hops(leg: Leg, name: str, settings: Settings) -> Iterator[Hop]:
    person = settings.people.get(name)
    for channel in leg.by:
        kind = settings.channels[channel].sender.address
        address = getattr(person, kind, "") if kind else ""
        if address or not kind:
            yield Hop(channel=channel, address=address)


def _rooms(leg: Leg, settings: Settings) -> list[Address]:
    """The address of a leg without anybody: its rooms."""
    hops = [Hop(channel=name) for name in leg.by if not settings.channels[name].sender.address]
    return [Address(recipient="", hops=hops)] if hops else []
