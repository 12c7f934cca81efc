"""How full is this file system, and does it still answer?"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import msgspec

from daemon.probes.base import Fact, Health, OfThisMachine, Reading, Rules, probe
from daemon.probes.machine.apart import Apart, CrowdedError, HungError
from daemon.probes.machine.capacity import ALL, check_percent, over, percent, shown, sized, under
from daemon.units import Bytes, Share, spoken

MOUNTS = Path("/proc/self/mountinfo")
MOST_MOUNTS = 4 * 1024**2  # bytes read of the list of mounts

_LOOKS = Apart()


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """Where the path lies."""

    point: str
    kind: str
    source: str
    is_readonly: bool  # the file system itself, not this view of it


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the system says of a path."""

    facts: os.statvfs_result
    path: str  # with all links followed
    mount: Mount | None


@probe("disk")
@dataclass(frozen=True, kw_only=True)
class Disk(OfThisMachine):
    """Ask how full the file system is that holds a path. One that does not answer keeps nobody else waiting."""

    GIVES: ClassVar[Mapping[str, Fact]] = {
        "used": Fact("how much of what may be used is, as `df` says it", "percent"),
        "free": Fact("what an unprivileged process may still write", "bytes"),
        "total": Fact("the size of the file system", "bytes"),
        "inodes": Fact("how many of its inodes are used; absent where it has no fixed number", "percent"),
        "readonly": Fact("whether the file system cannot be written to", "flag", ideal=False),
    }
    RULES: ClassVar[Rules] = {
        "used": ("most_used", ALL),
        "inodes": ("most_inodes", ALL),
        "readonly": ("writable", False),
    }

    path: str = field(default="/", metadata={"doc": "a path on the file system"})
    most_used: Share = field(
        default=Share(fraction=0.95), metadata={"doc": "down when more is used", "check": check_percent}
    )
    most_inodes: Share = field(
        default=Share(fraction=0.95), metadata={"doc": "down when more of its inodes are used", "check": check_percent}
    )
    least_free: Bytes = field(default=Bytes(0), metadata={"doc": "down when fewer bytes are free"})
    mounted: bool = field(
        default=False,
        metadata={"doc": "down when the path is no mount point: what lies below it would be measured in its place"},
    )
    writable: bool = field(default=True, metadata={"doc": "down when the file system is read-only"})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        if not self.path.startswith("/") or "\0" in self.path:
            raise ValueError("path is not a full path: write for example /var")

    def look(self) -> Reading:
        """Ask once."""
        try:
            found = _LOOKS.call(self.path, lambda: _find(self.path), self.timeout)
        except HungError as hung:
            return Reading(health=Health.DOWN, detail=f"the file system has not answered for {spoken(hung.since)}")
        except CrowdedError as crowded:
            detail = f"could not be looked at: {crowded}, all of them asked about file systems that hang"
            return Reading(health=Health.UNKNOWN, detail=detail)
        except PermissionError as error:
            detail = f"tocsin's user may not look at it ({error.strerror}): let it enter the folders above"
            return Reading(health=Health.UNKNOWN, detail=detail)
        except OSError as error:
            return Reading(health=Health.DOWN, detail=(error.strerror or str(error)).lower())
        return self._read(found)

    def target(self) -> str:
        """The path."""
        return self.path

    def _read(self, found: Found) -> Reading:
        facts, mount = found.facts, found.mount
        evidence = {"mount": f"{mount.source} ({mount.kind}) on {mount.point}"} if mount else {}
        wrong = []
        if self.mounted and (mount is None or mount.point != found.path):
            wrong.append("nothing is mounted there")
        if not facts.f_blocks:
            health = Health.DOWN if wrong else Health.UNKNOWN
            return Reading(health=health, detail="; ".join(wrong) or "this file system has no size", evidence=evidence)
        values, free = _values(found), facts.f_bavail * facts.f_frsize
        if self.writable and values.get("readonly"):
            wrong.append("the file system is read-only")
        wrong += over("disk:", values["used"], self.most_used)
        if "inodes" in values:
            wrong += over("inodes:", values["inodes"], self.most_inodes)
        wrong += under("free", free, self.least_free)
        well = f"{shown(values['used'])} used, {sized(free)} of {sized(values['total'])} free"
        return Reading(
            health=Health.DOWN if wrong else Health.UP,
            detail="; ".join(wrong) or well,
            values=values,
            evidence={**evidence, "room": well},
        )


def _values(found: Found) -> dict[str, float]:
    """What conditions can name. As `df` does, what only root may use counts neither as used nor as free."""
    facts = found.facts
    used = facts.f_blocks - facts.f_bfree
    usable = used + facts.f_bavail
    values: dict[str, float] = {
        "used": percent(used, usable) if usable else 100.0,
        "free": facts.f_bavail * facts.f_frsize,
        "total": facts.f_blocks * facts.f_frsize,
    }
    if facts.f_files:
        values["inodes"] = percent(facts.f_files - facts.f_ffree, facts.f_files)
    if found.mount is not None:
        values["readonly"] = found.mount.is_readonly
    return values


def _find(path: str) -> Found:
    """Ask the system, in a thread: each of these calls may wait for a server that is gone."""
    facts = os.statvfs(path)
    real = os.path.realpath(path)
    return Found(facts=facts, path=real, mount=mount_of(real, _mounts()))


def _mounts() -> str:
    try:
        with MOUNTS.open("rb") as file:
            return file.read(MOST_MOUNTS).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def mount_of(path: str, mounts: str) -> Mount | None:
    """Find the mount that a path lies on, in the kernel's list of them; the last one hides those before.

    Whether it can be written to is read from the file system's own options: those of the mount are different for each
    who looks, and a service that systemd protects sees all of them read-only.
    """
    best: tuple[int, Mount] | None = None
    for line in mounts.splitlines():
        left, dash, right = line.partition(" - ")
        own, about = left.split(" "), right.split(" ")
        if not dash or len(own) < 6 or len(about) < 3:  # noqa: PLR2004 - as proc(5) has it
            continue
        point = _plain(own[4])
        if not (path == point or path.startswith(point.rstrip("/") + "/")) or (best and len(point) < best[0]):
            continue
        readonly = "ro" in about[2].split(",")
        best = (len(point), Mount(point=point, kind=about[0], source=_plain(about[1]), is_readonly=readonly))
    return best[1] if best else None


def _plain(text: str) -> str:
    """Undo the escapes of the list: a space is written as its octal number."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text
