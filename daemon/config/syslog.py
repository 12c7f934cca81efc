"""What is done with lines that come over syslog."""

import re
from dataclasses import dataclass, field
from typing import Literal

from daemon.config.doors import BUFFER
from daemon.config.keys import doc
from daemon.event import Severity
from daemon.matcher import check_pattern, pattern
from daemon.template import Template
from daemon.units import Bytes, Seconds

Level = Literal["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

OF_LINE = frozenset(("host", "app", "pid", "facility", "level", "message", "pattern"))  # what titles can name
OF_LABELS = frozenset(("host", "app"))  # labels that every alarm has beside the groups
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _can_match(text: str) -> None:
    check_pattern("it", text)


@dataclass(frozen=True, kw_only=True)
class LinePattern:
    """Lines that are an alarm."""

    name: str
    match: str = field(
        metadata=doc("RE2 pattern that is found in the text; its named groups become labels", check=_can_match)
    )
    unless: str = field(
        default="", metadata=doc("RE2 pattern; a line in which it is found is no alarm", key="not", check=_can_match)
    )
    app: str = field(default="", metadata=doc("RE2 pattern of the whole name of the program", check=_can_match))
    host: str = field(default="", metadata=doc("RE2 pattern of the whole name of the host", check=_can_match))
    severity_at_least: Level = field(default="debug", metadata=doc("the least severity that the line itself has"))
    title: Template | None = field(
        default=None,
        metadata=doc(
            "the alarm's title: a template with `host`, `app`, `pid`, `facility`, `level`, `message`, `pattern` and the"
            " named groups; `{{ host }} {{ app }}: {{ message }}` where not set"
        ),
    )
    labels: dict[str, str] = field(default_factory=dict, metadata=doc("labels of the alarm, beside `host` and `app`"))
    severity: Severity | None = field(default=None, metadata=doc("that of the alarm; else it follows from the line's"))
    clear_after: Seconds = field(
        default=Seconds(600.0), metadata=doc("it is over after so long without a line", least=10, most=31 * 86_400)
    )
    key: tuple[str, ...] | None = field(
        default=None,
        metadata=doc("labels that tell its alarms apart, each with an alarm of its own; all of them where not set"),
    )

    def __post_init__(self) -> None:
        """Refuse names that no line could give."""
        if not _NAME.fullmatch(self.name):
            raise ValueError("name has 1 to 64 letters, digits, and . _ - between them")
        groups = set(pattern(self.match).groupindex)
        if self.title and (odd := sorted(self.title.names - OF_LINE - groups)):
            known = ", ".join(sorted(OF_LINE | groups))
            raise ValueError(f"title names {odd[0]}, which no line has; there are {known}")
        if odd := sorted(set(self.key or ()) - OF_LABELS - groups):
            known = ", ".join(sorted(OF_LABELS | groups))
            raise ValueError(f"key names {odd[0]}, which is no label of it; there are {known}")


@dataclass(frozen=True, kw_only=True)
class Syslog:
    """What is done with lines of syslog; its doors stand in `listen`."""

    from_: tuple[str, ...] = field(
        default=(),
        metadata=doc("networks whose lines are taken over UDP, beside this machine's; empty for all", key="from"),
    )
    patterns: dict[str, LinePattern] = field(
        default_factory=dict, metadata=doc("lines that are alarms; a line may be several", listed=True)
    )
    buffer: Bytes = field(default=Bytes(4 * 1024**2), metadata=BUFFER)
    mode: str = field(default="0660", metadata=doc("rights of the socket in the file system"))
