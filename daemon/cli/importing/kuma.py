"""Uptime Kuma's backup as probes of tocsin."""

from collections.abc import Iterator
from typing import Any

from daemon.cli.importing.backup import MONITORS, Given, read, sound
from daemon.cli.importing.imported import Imported, fragment
from daemon.cli.importing.kuma_kinds import KINDS, LEFT
from daemon.cli.importing.ledger import Ledger
from daemon.cli.importing.watched import (
    LEAST_EVERY,
    MOST_RETRIES,
    USUAL,
    Carried,
    Probe,
    labels,
    spelt,
)
from daemon.config.findings import quoted
from daemon.config.yamltext import Digits

GROUP = "group"
_DEFAULT_EVERY = 60.0
_A_DAY = 86_400.0
_ALSO = {
    "notificationList": "who is told is said by channels, receivers and route, which are yours to write",
    "maintenanceList": "maintenance is announced with `tocsinctl maintenance`, or stands in time_intervals",
    "statusPageList": "status pages are not carried over",
    "dockerHostList": "containers are not looked at",
}


def convert(text: str, file: str, folder: str) -> Imported:
    """Convert the text of a backup. Raises ConfigError when it is none."""
    del folder
    ledger = Ledger()
    monitors, rest = read(text, file, ledger)
    carried = Carried(ledger)
    proxies = {_id(one): one for one in rest.items("proxyList") if isinstance(one, dict)}
    groups = {_id(one.fields): one for one in monitors if one.fields.get("type") == GROUP}
    for monitor in monitors:
        if monitor.fields.get("type") != GROUP:
            _carry(carried, monitor, groups, proxies)
    for key, sentence in _ALSO.items():
        for i, one in enumerate(rest.items(key)):
            name = one.get("name") or one.get("title") if isinstance(one, dict) else None
            about = f"{quoted(name)}: " if isinstance(name, str) else ""
            ledger.left(rest.place, (key, f"[{i}]"), about + sentence)
    for key in rest.fields.keys() - _ALSO.keys() - {MONITORS, "proxyList", "version"}:
        if rest.fields[key]:
            ledger.left(rest.place, (key,), "tocsin does not know what this is")
    return fragment(ledger, "Uptime Kuma", file, carried.probes)


def _carry(carried: Carried, monitor: Given, groups: dict[str, Given], proxies: dict[str, Any]) -> None:
    """Carry one monitor over, or name why not."""
    kind = monitor.text("type")
    if not monitor.flag("active", otherwise=True):
        monitor.left("active", "is paused, and left out")
    elif monitor.flag("upsideDown") and kind == "push":
        monitor.left("upsideDown", "tocsin has no alarm while somebody calls in")
    elif kind not in KINDS:
        monitor.left("type", LEFT.get(kind) or f"tocsin has nothing like the type {quoted(kind)}")
    else:
        name = carried.name(monitor.text("name") or kind, monitor.place, monitor.path)
        probe = KINDS[kind](monitor, name, proxies)
        if probe is not None:
            turned: Probe = {"upside_down": True} if monitor.flag("upsideDown") else {}
            carried.add(name, {**probe, **_rhythm(monitor, kind), **turned, "labels": labels(_tags(monitor, groups))})
            _name_the_rest(monitor)


def _rhythm(monitor: Given, kind: str) -> Probe:
    """How often, and how many bad looks are an alarm."""
    every = max(monitor.number("interval") or _DEFAULT_EVERY, LEAST_EVERY)
    again, retries = monitor.number("retryInterval"), int(max(0, monitor.number("maxretries")))
    if kind == "push":
        return {"every": spelt(every), "grace": spelt(max(10.0, min(retries * (again or every), 366 * _A_DAY)))}
    failures = min(retries + 1, MOST_RETRIES)
    found: Probe = {} if failures == USUAL else {"fail_after": Digits(failures)}
    if every != _DEFAULT_EVERY:
        found["every"] = spelt(every)
    if retries and LEAST_EVERY <= again < every:
        found["every_while_failing"] = spelt(again)
    return found


def _tags(monitor: Given, groups: dict[str, Given]) -> Iterator[tuple[str, str]]:
    above = " / ".join(reversed(list(_above(monitor, groups))))
    if above:
        yield GROUP, above
    for one in monitor.items("tags"):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            value = one.get("value")
            yield sound(one["name"]), sound(value) if isinstance(value, str) else ""
        else:
            monitor.left("tags", "has a tag without a name")


def _above(monitor: Given, groups: dict[str, Given]) -> Iterator[str]:
    """The groups that it is in, from the nearest one up; a circle ends where it began."""
    seen: set[str] = set()
    parent = monitor.text("parent")
    while parent in groups and parent not in seen:
        seen.add(parent)
        yield groups[parent].text("name")
        parent = groups[parent].text("parent")


def _name_the_rest(monitor: Given) -> None:
    if monitor.text("description"):
        monitor.left("description", "probes have no description")
    if monitor.number("resendInterval"):
        monitor.left("resendInterval", "how often an alarm is repeated is the `repeat_interval` of its route")
    if monitor.inner("conditions"):
        monitor.left("conditions", "this condition is not carried over: write it as one of `down:`")


def _id(fields: dict[str, Any]) -> str:
    return str(fields.get("id"))
