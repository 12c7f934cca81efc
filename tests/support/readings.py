"""Messages as people read them: a disk that fills on a few machines, told for any reason, in any language."""

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from daemon.alert import Alert
from daemon.event import Severity, State
from daemon.notice import Message, Notice, Reason, Recipient
from daemon.template import Template
from daemon.template.words import Lang
from daemon.texts.built_in import Kind
from daemon.texts.style import Style

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 21, 14, 15, tzinfo=SHANGHAI).timestamp()
MINUTE = 60.0


def alarm(number: int = 17, *, ago: float = 12, over: bool = False, **more: object) -> Alert:
    """A critical one on db-1 that began twelve minutes ago; one that is over ended two minutes ago."""
    facts = Alert(
        id=number,
        fingerprint=f"{number:032}",
        source="prometheus",
        key=f"disk-{number}",
        state=State.RESOLVED if over else State.FIRING,
        severity=Severity.CRITICAL,
        title="Disk full on db-1",
        text="97 % of /data is used.",
        labels={"alertname": "DiskFull", "host": "db-1"},
        links={"runbook": "https://wiki.example.com/disk"},
        started_at=NOW - ago * MINUTE,
        ended_at=NOW - 2 * MINUTE if over else None,
        first_seen=NOW - ago * MINUTE,
        last_seen=NOW,
        count=1,
    )
    return msgspec.structs.replace(facts, **more)


ONE = (alarm(),)
OVER = (alarm(over=True),)
GROUP = (
    alarm(17),
    alarm(18, ago=10, severity=Severity.WARNING, title="Disk nearly full on db-2",
          labels={"alertname": "DiskFull", "host": "db-2"}),
    alarm(15, ago=30, over=True, title="Disk full on db-3", labels={"alertname": "DiskFull", "host": "db-3"}),
)  # fmt: skip


def told(
    *alerts: Alert, reason: Reason = Reason.FIRST, lang: Lang = "en", kind: Kind = "long", late: float = 0.0,
    note: str = "", of: Mapping[Kind, str] = {}, more_firing: int = 0, repeat: bool = False, acknowledge: str = "",
) -> Message:  # fmt: skip
    """Tell about these alerts; `of` are templates of the operator's, `more_firing` are counted and not carried."""
    about = list(alerts or ONE)
    firing = sum(alert.state is State.FIRING for alert in about)
    notice = Notice(
        id=4,
        alerts=about,
        firing=firing + more_firing,
        resolved=len(about) - firing,
        group={"alertname": "DiskFull"} if len(about) + more_firing > 1 else {},
        receiver="ops",
        reason=reason,
        at=NOW,
        note=note,
    )
    own = {kind: Template(source) for kind, source in of.items()}
    return Message(
        notice=notice,
        recipients=(Recipient(name="lin", address="+8613800000001"),),
        out_id="3f2a9c1e-D5",
        style=Style(lang=lang, kind=kind, zone=SHANGHAI, own=own),
        sent_at=NOW + late,
        repeat=repeat,
        acknowledge=acknowledge,
    )
