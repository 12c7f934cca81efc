"""The rules between settings: names that must exist, doors that must be locked, routes that must lead somewhere."""

import re
from collections.abc import Iterator, Mapping

from daemon.config import quota
from daemon.config.audience import Leg, Receiver, Route
from daemon.config.escalations import told
from daemon.config.findings import Path, quoted
from daemon.config.looking import OUR_LABELS
from daemon.config.people import FORMS
from daemon.config.scalars import meant
from daemon.config.settings import Settings
from daemon.config.targets import everyone, passed, unknown
from daemon.config.written import Problem, Written
from daemon.event import RESERVED
from daemon.oncall.schedule import SCHEDULE, TEAM
from daemon.secret import redact_url

SQLITE = "sqlite:///"
ALL_LABELS = "..."  # in `group_by`: every alarm is a group of its own

_NAME = re.compile(r"[^\s/,:]{1,64}")
_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")


def names(settings: Settings) -> Iterator[Problem]:
    """Names go into addresses, logs and commands."""
    for source in settings.sources:
        if not _SOURCE_NAME.fullmatch(source):
            yield ("sources", source), "the name is part of an address: letters, digits, and . _ ~ - between them"
        elif source in RESERVED:
            yield ("sources", source), f"the name is taken by {RESERVED[source]}; choose another"
    for section in ("people", "teams", "schedules", "channels", "receivers", "probes"):
        for name in getattr(settings, section):
            if not _NAME.fullmatch(name) or not name.isprintable():
                yield (section, name), "a name has 1 to 64 characters, no spaces, and none of / , :"
    for name, plan in settings.probes.items():
        if "|" in name:
            yield ("probes", name), "a probe's name has no |, which its alarms' keys have behind it"
        for label in OUR_LABELS & plan.labels.keys():
            yield ("probes", name, "labels"), f"the label {label} is set by tocsin; choose another"


def people(settings: Settings) -> Iterator[Problem]:
    """Addresses that look like addresses."""
    for name, person in settings.people.items():
        for kind, form in FORMS.items():
            address = getattr(person, kind)
            if address and not form.pattern.fullmatch(address):
                what = "not a number" if kind == "phone" else f"no {kind} address"
                yield ("people", name, kind), f"{quoted(address)} is {what}; write for example {form.example}"


def legs(settings: Settings, written: Written) -> Iterator[Problem]:
    """Every leg names channels and people that exist, and each person can be reached there."""
    for path, leg in told(settings):
        yield from _existing(leg, path, written)
        yield from _reachable(leg, path, settings)


def _existing(leg: Leg, path: Path, written: Written) -> Iterator[Problem]:
    if not leg.by:
        yield (*path, "by"), "names no channel"
    for name in leg.by:
        if name not in written.channels:
            yield (*path, "by"), f"there is no channel {quoted(name)}{meant(name, written.channels)}"
    for target in leg.to:
        if said := unknown(target, written.people, written.teams, written.schedules):
            yield (*path, "to"), said
    for key, wanted in (("by", leg.by), ("to", leg.to)):
        for name in sorted({name for name in wanted if wanted.count(name) > 1}):
            yield (*path, key), f"{quoted(name)} stands twice"


def _reachable(leg: Leg, path: Path, settings: Settings) -> Iterator[Problem]:
    for name in leg.by:
        channel = settings.channels.get(name)
        if channel is None or not channel.sender.address:
            continue
        address = channel.sender.address
        if not leg.to:
            yield (*path, "to"), f"names nobody, but {name} sends to a person's {address}; write to: [somebody]"
        for target in leg.to:
            for person in everyone(target, settings):
                if person in settings.people and not getattr(settings.people[person], address, ""):
                    whose = person if person == target else f"{person}, whom {target} may mean,"
                    yield (*path, "to"), f"{whose} has no {address}, which {name} needs; add people.{person}.{address}"


def receipts(settings: Settings) -> Iterator[Problem]:
    """Only where the provider has receipts, and where there is a way for them."""
    for name, channel in settings.channels.items():
        wanted, sender = channel.receipts, channel.sender
        path = ("channels", name, "receipts")
        if wanted is None:
            if channel.delivered_within is not None:
                where = ("channels", name, "delivered_within")
                yield where, "nothing would say what has arrived; add receipts: {poll: 1m}"
            continue
        if not (sender.heard_answer or sender.polls):
            yield path, f"channels of the type {channel.type} have no receipts"
        elif wanted.token is not None and not sender.heard_answer:
            yield (*path, "token"), "its provider brings no receipts; write poll: 1m"
        elif wanted.poll is not None and not sender.polls:
            yield (*path, "poll"), "its provider cannot be asked; write token: ..., and let it bring them"
        elif wanted.token is None and wanted.poll is None:
            yield path, "says no way: token for receipts that the provider brings, poll for asking"
        elif wanted.token is not None and not wanted.token:
            yield (*path, "token"), "is empty: fill it or leave it out"


def quotas(settings: Settings) -> Iterator[Problem]:
    """Quotas that can be counted, and that leave something for everybody."""
    for name, channel in settings.channels.items():
        for path, said in quota.problems(channel.quotas, channel.sender, channel.type, channel.deadline):
            yield ("channels", name, "quotas", *path), said


def redis_lists(settings: Settings) -> Iterator[Problem]:
    """What is taken of a server is told from others by the server's name."""
    servers = [str(one.server) for one in settings.redis_lists]
    for number, one in enumerate(servers):
        if one in servers[:number]:
            yield ("redis_lists", f"[{number}]", "url"), f"{quoted(one)} stands twice; write all its keys in one place"


def proof(settings: Settings) -> Iterator[Problem]:
    """A canary reaches somebody, and a sign of life goes to an address."""
    for name, channel in settings.channels.items():
        if channel.canary is None:
            continue
        path, kind, to = ("channels", name, "canary", "to"), channel.sender.address, channel.canary.to
        if kind and not to:
            yield path, f"names nobody, but {name} sends to a person's {kind}"
        elif not kind and to:
            yield path, f"{name} is a room: leave out who is to be told"
        elif kind and to not in settings.people:
            yield path, f"there is no person {quoted(to)}{meant(to, settings.people)}"
        elif kind and not getattr(settings.people[to], kind, ""):
            yield path, f"{to} has no {kind}, which {name} needs; add people.{to}.{kind}"


def routes(settings: Settings, written: Written) -> Iterator[Problem]:
    """The root takes everything, and every route leads to a receiver."""
    root = settings.route
    if root.matchers:
        yield ("route", "matchers"), "the root route takes every alarm: move its matchers to a route below it"
    if root.continue_:
        yield ("route", "continue"), "the root route has no sibling to go on with; remove it"
    yield from _receivers(root, ("route",), "", written)


def _receivers(route: Route, path: Path, inherited: str, written: Written) -> Iterator[Problem]:
    receiver = route.receiver or inherited
    if not receiver and path == ("route",):
        yield (*path, "receiver"), "is missing; name the receiver of what no other route takes"
    elif route.receiver and route.receiver not in written.receivers:
        hint = meant(receiver, written.receivers)
        yield (*path, "receiver"), f"there is no receiver {quoted(receiver)}{hint}"
    yield from _grouping(route, path)
    for i, child in enumerate(route.routes):
        yield from _receivers(child, (*path, "routes", f"[{i}]"), receiver, written)


def _grouping(route: Route, path: Path) -> Iterator[Problem]:
    names = route.group_by or ()
    if ALL_LABELS in names and len(names) > 1:
        yield (*path, "group_by"), f"'{ALL_LABELS}' stands for all labels, so nothing else may stand beside it"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield (*path, "group_by"), f"{quoted(name)} stands twice"


def store(settings: Settings) -> Iterator[Problem]:
    """The store that is built today is a file."""
    url = settings.store
    if url.startswith(("postgres://", "postgresql://")):
        yield ("store",), "PostgreSQL is not built yet; write sqlite:////var/lib/tocsin/tocsin.db"
    elif not url.startswith(SQLITE) or not url.removeprefix(SQLITE).strip("/") or url.endswith("/"):
        shown = quoted(redact_url(url))
        yield (
            ("store",),
            f"{shown} is not a store; write sqlite:/// and the file's path: sqlite:////var/lib/tocsin/tocsin.db",
        )
    elif not url.isprintable() or "?" in url:
        yield ("store",), "the path of the store has characters that no path of a store has"


def paths(settings: Settings) -> Iterator[Problem]:
    """Paths without characters that no path has on purpose."""
    for path, text in ((("log", "file"), settings.log.file), (("handlers_dir",), settings.handlers_dir)):
        if not text.isprintable():
            yield path, "the path has characters that cannot be printed"


def unused(settings: Settings) -> Iterator[Problem]:
    """What is written and never used was probably meant to be."""
    routed = set(_routed(settings.route))
    legs_told = [leg for _, leg in told(settings)]
    used: Mapping[str, set[str]] = {
        "receivers": routed,
        "channels": {name for leg in legs_told for name in leg.by},
        **_used(settings, {target for leg in legs_told for target in leg.to}),
    }
    where = {"receivers": "route"}
    for section, names_used in used.items():
        for name in getattr(settings, section):
            if name not in names_used:
                yield (section, name), f"no {where.get(section, 'receiver')} uses it"
    for receiver in settings.receivers.values():
        if receiver.name in routed and not receiver.notify:
            yield ("receivers", receiver.name), _silent(receiver)
    if settings.store.startswith(SQLITE) and not settings.store.startswith(SQLITE + "/"):
        yield ("store",), "stands below the folder where tocsind is started; sqlite://// begins a full path"


def _used(settings: Settings, targets: set[str]) -> dict[str, set[str]]:
    """The people, teams and schedules that receivers name, and those behind the schedules."""
    reached = {name for target in targets for name in passed(target, settings)}
    return {
        "people": {person for target in targets for person in everyone(target, settings)},
        "teams": {name.removeprefix(TEAM) for name in reached if name.startswith(TEAM)},
        "schedules": {name.removeprefix(SCHEDULE) for name in reached if name.startswith(SCHEDULE)},
    }


def _silent(receiver: Receiver) -> str:
    return f"{receiver.name} tells nobody: its alarms are recorded only; give it `notify:`"


def _routed(route: Route) -> Iterator[str]:
    yield route.receiver
    for child in route.routes:
        yield from _routed(child)
