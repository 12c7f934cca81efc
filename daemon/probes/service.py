"""Does this program of supervisor's run, and does it stay up?"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from daemon.probes.base import Fact, Health, Past, Probe, Reading, Rules, probe
from daemon.probes.http import Http
from daemon.probes.machine.standing import Notes, Rule, noted, recalled, standing
from daemon.probes.machine.supervision import PORT, ForbiddenError, Supervisor
from daemon.probes.network.dial import Missed, Watch, measured
from daemon.probes.network.host import HIGHEST_PORT, is_near_host
from daemon.probes.tcp import Tcp
from daemon.probes.zmq import Zmq
from daemon.secret import Secret
from daemon.units import Seconds

LOOPING = 2  # restarts within the window from which on it does not stay up
ANY = 2**31  # restarts may be
MOST_PORTS = 20

_NAME = re.compile(r"[^\s:/]+(:([^\s:/]+|\*))?")


class _Seen:
    """What became of one look."""

    def __init__(self) -> None:
        self.health = Health.UP
        self.notes: Notes | None = None


@probe("service")
@dataclass(frozen=True, kw_only=True)
class Service(Probe):
    """Ask supervisord how a program stands, and the program itself where it is said how."""

    PHASES: ClassVar[tuple[str, ...]] = ("resolve", "connect", "answer")
    GIVES: ClassVar[Mapping[str, Fact]] = {
        "state": Fact("supervisor's word for it, of several the worst", "text", ideal="RUNNING"),
        "running": Fact("how many of its processes run"),
        "restarts": Fact("how often it was seen to have been started again within the window", ideal=0),
        "uptime": Fact("how long the youngest has been running", "seconds"),
    }
    RULES: ClassVar[Rules] = {"restarts": ("restarts", ANY)}

    program: str = field(metadata={"doc": "the program, as supervisorctl writes it; `group:*` for all of a group"})
    url: str = field(
        default="unix:///run/tocsin/supervisor.sock",
        metadata={"doc": "where supervisord listens: `unix:///run/supervisor.sock` or `http://127.0.0.1:9001`"},
    )
    user: str = field(default="", metadata={"doc": "its user, where it wants one"})
    password: Secret | None = field(default=None, metadata={"doc": "that user's password"})
    within: Seconds = field(
        default=Seconds(300.0),
        metadata={"doc": "the window in which restarts are counted", "least": 10, "most": 86_400},
    )
    restarts: int | None = field(
        default=None, metadata={"doc": f"down after so many restarts within it; {LOOPING} when left out", "least": 1}
    )
    ports: tuple[str, ...] = field(
        default=(), metadata={"doc": "ports on which it must accept connections: `8080`, or `host:port`"}
    )
    ping: str = field(
        default="",
        repr=False,
        metadata={
            "doc": "address that must answer: `http://…`, `https://…`, `tcp://host:port`, or `zmq+tcp://host:port`"
        },
    )

    def __post_init__(self) -> None:
        """Refuse what can never be asked; no message shows an address, in which there may be a password."""
        if not _NAME.fullmatch(self.program):
            raise ValueError("program is no name of a program: write it as supervisorctl does, group:name or group:*")
        _check_url(self.url)
        if len(self.ports) > MOST_PORTS:
            raise ValueError(f"ports has {len(self.ports)} items; at most {MOST_PORTS} are tried")
        list(self._others(1.0))

    def look_on(self, past: Past) -> Reading:
        """Ask once."""
        seen = _Seen()
        reading = measured(self.timeout, partial(self._look, past, seen))
        health = seen.health if reading.is_well else reading.health
        notes = None if seen.notes is None else msgspec.msgpack.encode(seen.notes)
        return msgspec.structs.replace(reading, health=health, notes=notes)

    def target(self) -> str:
        """The program, and who keeps it."""
        return f"{self.program} of {self.url}"

    def is_near(self) -> bool:
        """Whether its supervisord is on this machine, or in a network that this machine is in."""
        parts = urlsplit(self.url)
        return parts.scheme == "unix" or is_near_host(str(parts.hostname))

    def _look(self, past: Past, seen: _Seen, watch: Watch) -> str:
        """Ask supervisord; where it is content, ask the program as well."""
        try:
            found = Supervisor(self.url, self.user, self.password).programs(self.program, watch)
        except ForbiddenError as error:
            seen.health = Health.UNKNOWN
            return str(error)
        seen.notes = noted(recalled(past.notes), found, past.now, self.within)
        rule = Rule(LOOPING if self.restarts is None else self.restarts, self.within)
        stands = standing(found, seen.notes, rule)
        seen.health = stands.health
        watch.values |= stands.values
        watch.evidence["programs"] = stands.shown
        if stands.health is Health.UP:
            self._ask_itself(stands.detail, watch)
        elif stands.health is Health.DOWN:
            raise Missed(stands.detail)
        return stands.detail

    def _ask_itself(self, detail: str, watch: Watch) -> None:
        """Knock at its ports and its door; the time is the look's."""
        for what, other in self._others(self.timeout):
            watch.doing = what
            reading = replace(other, timeout=Seconds(max(watch.left(), 0.05))).look()
            if reading.health is Health.DOWN:
                raise Missed(f"{detail}, but {what}: {reading.detail}")

    def _others(self, limit: float) -> Iterable[tuple[str, Probe]]:
        """Other kinds of probes, for what the program itself must do. ValueError for what makes none."""
        timeout = Seconds(limit)
        for one in self.ports:
            host, port = _host_port(one, "ports")
            yield f"port {one}", Tcp(host=host, port=port, timeout=timeout)
        scheme, _, rest = self.ping.partition("://")
        match scheme:
            case "":
                return
            case "http" | "https":
                try:
                    yield "its ping", Http(url=self.ping, timeout=timeout)
                except ValueError as error:
                    raise ValueError(f"ping: {error}") from None
            case "tcp":
                host, port = _host_port(rest, "ping")
                yield "its ping", Tcp(host=host, port=port, timeout=timeout)
            case "zmq+tcp":
                host, port = _host_port(rest, "ping")
                yield "its ping", Zmq(host=host, port=port, timeout=timeout)
            case _:
                raise ValueError("ping begins with none of http://, https://, tcp://, zmq+tcp://")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_socket = parts.scheme == "unix" and not parts.netloc and len(parts.path) > 1 and "\0" not in url
        is_usable = is_socket or (parts.scheme == "http" and parts.hostname and parts.port != 0)
        is_open = "@" in parts.netloc
    except ValueError:
        is_usable, is_open = False, False
    if is_open:
        raise ValueError("url holds a user: write user and password as settings of their own")
    if not is_usable:
        raise ValueError(f"url is none of a supervisord: write unix:///run/supervisor.sock or http://127.0.0.1:{PORT}")


def _host_port(text: str, setting: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port[:6]) <= HIGHEST_PORT
    if not is_port or any(one in host for one in "/@ "):
        raise ValueError(f"{setting}: write a port, such as 8080, or host:port, such as 127.0.0.1:8080")
    return host or "127.0.0.1", int(port)
