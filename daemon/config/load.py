"""From a file to settings: everything that is wrong is said at once, or the settings are sound."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon import log
from daemon.clock import Clock, SystemClock
from daemon.config import (
    beats,
    check,
    datagrams,
    duty,
    escalations,
    intervals,
    locks,
    narrowed,
    parents,
    places,
    rehearsal,
    rota,
    sentry,
    showing,
    thresholds,
)
from daemon.config.decode import BAD, Decoder, name_in
from daemon.config.doors import NONE_OPENED, Opened
from daemon.config.files import Document, gather
from daemon.config.findings import SHORTEST_SECRET, Findings, Place
from daemon.config.nodes import Items, Table
from daemon.config.sections import builders
from daemon.config.settings import Listen, Settings
from daemon.config.written import Problem, Written
from daemon.errors import ConfigError
from daemon.registry import Catalog

CatalogOf = Callable[[str], Catalog]

_CLOCK = SystemClock()


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A configuration that can be used."""

    settings: Settings
    warnings: list[str] = field(default_factory=list)


def load(
    path: Path,
    catalog_of: CatalogOf,
    environ: Mapping[str, str],
    opened: Opened = NONE_OPENED,
    clock: Clock = _CLOCK,
) -> Loaded:
    """Read, decode and check. Raises ConfigError with every problem, one line each.

    `catalog_of` is asked once, with the folder of the operator's own handlers or an empty text.
    `opened` are the doors of the daemon that is to go over to this configuration while it runs.
    `clock` tells from when on somebody should be on call, and whether what is said of certain years is over, or not
    known yet.
    """
    findings = Findings()
    document = gather(path, findings, environ)
    if not document.is_readable:
        raise ConfigError(findings.problems)
    folder = _handlers_dir(document, path, environ)
    catalog = catalog_of(folder)
    decoder = Decoder(findings, environ, frozenset(document.exposed), builders(catalog))
    decoded, broken = _decoded(decoder, document)
    settings, unreadable, left_out = duty.filled(decoded, path.parent)
    # From here on the log hides them, also when this configuration is refused.
    log.hide(secret for secret in findings.secrets if len(secret) >= SHORTEST_SECRET)
    for about, sentence in (*unreadable, *_broken_rules(settings, _written(document), broken, opened)):
        findings.wrong(decoder.place(about), about, sentence)
    if findings.problems:
        raise ConfigError(findings.problems)
    settings = narrowed.joined(settings)
    for about, sentence in (*left_out, *_doubts(settings, opened, clock.now())):
        findings.doubtful(decoder.place(about), about, sentence)
    return Loaded(
        settings=dataclasses.replace(settings, handlers_dir=folder),
        warnings=[*catalog.problems, *findings.warnings],
    )


def http_address(path: Path, environ: Mapping[str, str]) -> str:
    """Read only where the HTTP door is to be; nothing else is decoded, no handler is run. Raises ConfigError."""
    findings = Findings()
    document = gather(path, findings, environ)
    entry = document.root.entries.get("listen")
    found = Decoder(findings, environ).value(Listen, entry, ("listen",)) if entry else Listen()
    if findings.problems:
        raise ConfigError(findings.problems)
    address: str = found.http
    return address


def _handlers_dir(document: Document, path: Path, environ: Mapping[str, str]) -> str:
    """The folder of the operator's handlers, seen from the configuration; it decides what the rest may name."""
    entry = document.root.entries.get("handlers_dir")
    if entry is None:
        return ""
    folder = Decoder(Findings(), environ).value(str, entry, ("handlers_dir",))
    return str(path.parent / folder) if folder and folder is not BAD else ""


def _decoded(decoder: Decoder, document: Document) -> tuple[Settings, set[str]]:
    """The settings, and the sections in which something is wrong.

    For a section that cannot be used at all the defaults stand in, so that the rules can be checked.
    """
    root = document.root
    decoder.places[()] = Place(root.place.file, 1)
    decoder.refuse_unknown(root, (), {one.name for one in dataclasses.fields(Settings)} | {"include"})
    sections = {}
    for one in dataclasses.fields(Settings):
        if one.name in root.entries:
            entry = root.entries[one.name]
            only = Table(root.place, {one.name: entry})
            values = decoder.settle(Settings, only, (), {})
            if values is not None:
                sections[one.name] = values[one.name]
    broken = {name for name in root.entries if name not in sections or decoder.findings.touches(name)}
    if "route" in sections:
        broken.discard("route")  # a bad branch has been left out; the rest of the tree can be walked
    return Settings(**sections), broken


def _written(document: Document) -> Written:
    """The names in the file, whether or not what they stand for can be used."""

    def keys(section: str) -> frozenset[str]:
        entry = document.root.entries.get(section)
        return frozenset(entry.value.entries) if entry and isinstance(entry.value, Table) else frozenset()

    def names(section: str) -> frozenset[str]:
        entry = document.root.entries.get(section)
        return frozenset(map(name_in, entry.value.items)) if entry and isinstance(entry.value, Items) else frozenset()

    return Written(
        receivers=names("receivers"),
        channels=keys("channels"),
        people=keys("people"),
        teams=keys("teams"),
        schedules=keys("schedules"),
        time_intervals=names("time_intervals"),
    )


def _doubts(settings: Settings, opened: Opened, now: float) -> Iterator[Problem]:
    """What can be used, and is probably not what was meant."""
    yield from check.unused(settings)
    yield from rota.gaps(settings, now)
    yield from intervals.doubts(settings, now)
    yield from beats.over(settings, now)
    yield from locks.one_door_only(settings, opened)
    yield from rehearsal.failures(settings)
    yield from showing.twice(settings)
    yield from sentry.unknown(settings.sentry, settings.errors.apps)


def _broken_rules(settings: Settings, written: Written, broken: set[str], opened: Opened) -> Iterator[Problem]:
    """Every rule between settings, except where it would only repeat what is wrong already."""
    yield from check.names(settings)
    yield from check.people(settings)
    yield from rota.teams(settings, written)
    yield from rota.schedules(settings, written)
    yield from check.legs(settings, written)
    yield from check.receipts(settings)
    yield from check.quotas(settings)
    yield from check.proof(settings)
    yield from check.redis_lists(settings)
    if "probes" not in broken:
        yield from parents.unknown(settings)
        yield from places.unknown(settings)
        yield from showing.unknown(settings)
    if "route" not in broken:
        yield from check.routes(settings, written)
        yield from intervals.unknown(settings, written)
    yield from intervals.unknown_of_probes(settings, written)
    yield from intervals.names(settings)
    yield from beats.keys(settings)
    yield from escalations.escalations(settings)
    if "acknowledge" not in broken:
        yield from escalations.acknowledge(settings.acknowledge)
    yield from escalations.links(settings)
    yield from sentry.problems(settings.sentry)
    yield from check.store(settings)
    yield from check.paths(settings)
    yield from rehearsal.unbounded(settings)
    yield from locks.addresses(settings)
    yield from datagrams.syslog(settings)
    yield from locks.keys(settings)
    yield from locks.sources(settings)
    if not broken & {"auth", "listen"}:
        yield from locks.beyond_loopback(settings)
        yield from locks.still_open(settings, opened)
    yield from thresholds.problems(settings.rules, written.time_intervals)
    yield from narrowed.problems(settings, written)
    if not broken & {"auth", "listen", "statsd"}:
        yield from datagrams.statsd(settings)
