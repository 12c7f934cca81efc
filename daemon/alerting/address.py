"""From a receiver to deliveries: one per leg and person, each with its chain of channels."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from daemon.config.audience import Leg, Person
from daemon.config.settings import Channel, Settings
from daemon.notice import Hop


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient of a notice and the ways to reach them, in fail-over order."""

    recipient: str
    hops: list[Hop]


def addresses(legs: Sequence[Leg], settings: Settings) -> list[Address]:
    """Expand legs to the people behind them."""
    return [address for leg in legs for address in _of_leg(leg, settings.people, settings.channels)]


def _of_leg(leg: Leg, people: Mapping[str, Person], channels: Mapping[str, Channel]) -> Iterator[Address]:
    """One address a person; a leg without people has one, for its rooms."""
    for name in leg.to or ("",):
        hops = []
        for channel in leg.by:
            kind = channels[channel].sender.address
            address = getattr(people[name], kind) if kind and name else ""
            if address or not kind:
                hops.append(Hop(channel=channel, address=address))
        if hops:
            yield Address(recipient=name, hops=hops)
