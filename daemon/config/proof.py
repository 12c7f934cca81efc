"""Proof of life: what is sent to see that a channel works, and the sign that tocsin itself does."""

from dataclasses import dataclass, field
from typing import Final

from daemon.calendars.spans import TimeOfDay
from daemon.config.keys import doc
from daemon.secret import Secret
from daemon.units import Seconds
from daemon.urls import check_url

MORNING: Final = TimeOfDay(9 * 60)


@dataclass(frozen=True, kw_only=True)
class Canary:
    """One real message a day over a channel: what cannot be sent is known before it is needed."""

    at: TimeOfDay = field(default=MORNING, metadata=doc("when, each day, in `texts.time_zone`"))
    to: str = field(default="", metadata=doc("the person it goes to; nobody for a room"))


@dataclass(frozen=True, kw_only=True)
class DeadMan:
    """A sign of life to somebody outside, who raises the alarm when it stays away. Sent only while all is well."""

    url: Secret = field(
        metadata=doc("where to POST, such as a Healthchecks ping URL or another tocsin's webhook", check=check_url)
    )
    every: Seconds = field(default=Seconds(60.0), metadata=doc("how often", least=5, most=86_400))
    name: str = field(
        default="", metadata=doc("what it calls itself there; by default the name that its store made up")
    )
    token: Secret | None = field(default=None, metadata=doc("sent as Authorization: Bearer"))
