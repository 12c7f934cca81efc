"""What this API says of the daemon itself: its version, its configuration in Alertmanager's words, its receivers."""

import msgspec

from daemon.listener.alertmanager.answers import given
from daemon.listener.alertmanager.bodies import stamp
from daemon.listener.alertmanager.parts import ApiParts
from daemon.listener.alertmanager.rendered import rendered
from daemon.listener.alertmanager.shown import Receiver
from daemon.listener.exchange import Answer, Request
from daemon.methods.table import Caller

SPOKEN = "0.25.0"  # the version of Alertmanager whose API this is: clients choose their dialect by it


class Cluster(msgspec.Struct, frozen=True):
    """There is none."""

    status: str = "disabled"
    peers: list[str] = []


class Version(msgspec.Struct, frozen=True, rename="camel"):
    """The version of the API, and tocsin's own as its revision."""

    revision: str
    version: str = SPOKEN
    branch: str = "tocsin"
    build_user: str = "tocsin"
    build_date: str = ""
    go_version: str = ""


class Config(msgspec.Struct, frozen=True):
    """What is in force, as Alertmanager would write it."""

    original: str


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """All of it."""

    cluster: Cluster
    version_info: Version
    config: Config
    uptime: str  # since when


def show(parts: ApiParts, _request: Request, _caller: Caller) -> Answer:
    """Tell what runs here."""
    return given(
        Status(
            cluster=Cluster(),
            version_info=Version(revision=f"tocsin {parts.version}"),
            config=Config(original=rendered(parts.rules().settings)),
            uptime=stamp(parts.started_at),
        )
    )


def receivers(parts: ApiParts, _request: Request, _caller: Caller) -> Answer:
    """List the receivers."""
    return given([Receiver(name) for name in parts.rules().settings.receivers])
