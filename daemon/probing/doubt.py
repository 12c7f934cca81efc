"""A second opinion: before something is called down, it is looked at in other ways."""

from collections.abc import Sequence

import msgspec

from daemon.reading import Health, Reading


class Opinion(msgspec.Struct, frozen=True):
    """What somebody else saw, or the same probe on another way."""

    way: str
    reading: Reading


def weighed(reading: Reading, opinions: Sequence[Opinion]) -> Reading:
    """A bad reading in the light of the others: down, unless more of them saw it well than not.

    What is down on one way and well on more others works for some and not for all: that is degraded. Who could not
    look has no opinion.
    """
    agreeing = [one for one in opinions if one.reading.health is Health.DOWN]
    differing = [one for one in opinions if one.reading.health in {Health.UP, Health.DEGRADED}]
    if not agreeing and not differing:
        return reading
    said = "; ".join(
        [f"{one.way}: down too ({one.reading.detail})" for one in agreeing]
        + [f"{one.way}: {one.reading.health} ({one.reading.detail})" for one in differing]
    )
    reading = msgspec.structs.replace(reading, evidence=reading.evidence | {"second opinion": said})
    if len(differing) <= len(agreeing):
        return reading
    ways = ", ".join(one.way for one in differing)
    return msgspec.structs.replace(
        reading, health=Health.DEGRADED, detail=f"{reading.detail}; but {differing[0].reading.health} seen {ways}"
    )
