"""The sections whose settings depend on a name in the catalog, and routes as Alertmanager writes them."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from daemon.calendars.interval import Interval
from daemon.config.audience import InhibitRule, Route
from daemon.config.decode import BAD, Build, Decoder
from daemon.config.demands import demands
from daemon.config.findings import Path, quoted
from daemon.config.intervals import interval
from daemon.config.keys import key_of, keys_of
from daemon.config.looking import ProbePlan
from daemon.config.nodes import Entry, Table
from daemon.config.scalars import meant
from daemon.config.settings import Channel, Source
from daemon.errors import HandlerBroken, MatcherError
from daemon.event import Event
from daemon.hook import Hook
from daemon.matcher import Matcher, pattern
from daemon.oncall.duties import Duties
from daemon.oncall.schedule import Layer
from daemon.registry import Catalog, Handler

NO_DUTIES = Duties(())
LOST = "could not be loaded; its requests are kept in quarantine until it is mended"
_OLD_MATCHERS = {"match": ("matchers", "="), "match_re": ("matchers", "=~")}
_OLD_INHIBITION = {
    f"{side}_{key}": (f"{side}_matchers", operator)
    for side in ("source", "target")
    for key, operator in (("match", "="), ("match_re", "=~"))
}


def builders(catalog: Catalog) -> dict[type, Build]:
    """The sections that are not simply what their dataclass says."""

    def source(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
        return _source(decoder, table, path, given["name"], catalog)

    def channel(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
        return _of_a_kind(decoder, table, path, Channel, "sender", given["name"], catalog.senders)

    def probe(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
        if {"every", "cron"} <= set(table.entries):
            place = table.entries["cron"].place
            decoder.findings.wrong(place, (*path, "cron"), "stands beside every: keep the one that is meant")
        plan = _of_a_kind(decoder, table, path, ProbePlan, "probe", given["name"], catalog.probes, demands)
        return _yielding(plan) if plan is not BAD and plan.down else plan

    def layer(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
        return decoder.record(Layer, table, path, {**given, "duties": NO_DUTIES})

    return {
        Source: source,
        Channel: channel,
        ProbePlan: probe,
        Route: _route,
        InhibitRule: _inhibit_rule,
        Interval: interval,
        Layer: layer,
    }


def common_fields(cls: type) -> set[str]:
    """The settings that every source, channel or probe has, whatever its kind."""
    return {key_of(one) for one in fields(cls) if "doc" in one.metadata}


def _source(decoder: Decoder, table: Table, path: Path, name: str, catalog: Catalog) -> Any:
    """A source: what all have in common, and the options of its handler.

    Where files of `handlers_dir` could not be loaded, an unknown handler may be in one of them: such a source keeps
    what it gets in quarantine, and everything else starts.
    """
    wanted = name
    if "handler" in table.entries:
        wanted = decoder.value(str, table.entries["handler"], (*path, "handler"))
        if wanted is BAD:
            return BAD
    handler = catalog.handlers.get(wanted)
    lost = handler is None and bool(catalog.problems)
    if lost:
        handler = _lost(wanted)
        decoder.findings.doubtful(decoder.place(path), path, f"its handler {quoted(wanted)} {LOST}")
    if handler is None:
        note = "" if "handler" in table.entries else "; it is the source's name, and `handler:` can name another"
        _unknown(decoder, (*path, "handler"), wanted, "handler", catalog.handlers, note)
        return BAD
    built_otherwise = {"name": name, "handler": handler, "options": None}
    values = decoder.settle(Source, table, path, built_otherwise)
    known = common_fields(Source) | {"handler"}
    options = None
    if handler.options is not None:
        options = _own(decoder, handler.options, table, path, known)
        known |= keys_of(handler.options)
    if not lost:
        decoder.refuse_unknown(table, path, known)
    if values is None or options is BAD:
        return BAD
    return decoder.construct(Source, values | {"options": options}, path)


def _lost(name: str) -> Handler:
    """Stand in for a handler that could not be loaded: every request is refused, kept, and can be replayed."""

    def handle(_: Hook) -> list[Event]:
        raise HandlerBroken(f"the handler {name!r} {LOST}")

    return Handler(name=name, handle=handle, samples={})


def _of_a_kind(
    decoder: Decoder,
    table: Table,
    path: Path,
    cls: type,
    part: str,
    name: str,
    kinds: Mapping[str, type],
    of_kind: Callable[[Decoder, Table, Path, type, str], Mapping[str, Any]] = lambda *_: {},
) -> Any:
    """A channel or probe: what all have in common, and the settings of its `type`.

    `of_kind` decodes those common ones that cannot be read without knowing the kind.
    """
    if "type" not in table.entries:
        choice = ", ".join(sorted(kinds))
        decoder.findings.wrong(decoder.place(path), (*path, "type"), f"is missing; one of {choice}")
        return BAD
    wanted = decoder.value(str, table.entries["type"], (*path, "type"))
    if wanted is BAD:
        return BAD
    kind = kinds.get(wanted)
    if kind is None:
        _unknown(decoder, (*path, "type"), wanted, "type", kinds)
        return BAD
    given = {"name": name, "type": wanted, part: None, **of_kind(decoder, table, path, kind, wanted)}
    values = decoder.settle(cls, table, path, given)
    common = common_fields(cls) | {"type"}
    decoder.refuse_unknown(table, path, common | keys_of(kind))
    own = _own(decoder, kind, table, path, common)
    if values is None or own is BAD:
        return BAD
    return decoder.construct(cls, {**getattr(kind, "PLAN", {}), **values, part: own}, path)


def _yielding(plan: ProbePlan) -> ProbePlan:
    """A probe's own rules, unless somebody wrote them down, go no further than what `down:` says of the same value."""
    return replace(plan, probe=plan.probe.yielding({one.subject.name for one in plan.down}))


def _own(decoder: Decoder, cls: type, table: Table, path: Path, common: set[str]) -> Any:
    """The settings of a kind, beside those that all kinds have in common."""
    if twice := sorted(common & keys_of(cls)):
        sentence = f"{cls.__name__} has settings that it cannot have, for all have them: {', '.join(twice)}"
        decoder.findings.wrong(decoder.place(path), path, sentence)
        return BAD
    values = decoder.settle(cls, table, path, {})
    return decoder.construct(cls, values, path) if values is not None else BAD


def _unknown(decoder: Decoder, path: Path, wanted: str, what: str, known: Mapping[str, Any], note: str = "") -> None:
    hint = meant(wanted, known) or f"; there are {', '.join(sorted(known))}"
    decoder.findings.wrong(decoder.place(path), path, f"there is no {what} {quoted(wanted)}{note}{hint}")


def _route(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
    """A route, as Alertmanager writes them today and wrote them before 0.22."""
    return _with_old_matchers(decoder, Route, table, path, given, _OLD_MATCHERS)


def _inhibit_rule(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
    """An inhibition, in both ways that Alertmanager writes them."""
    return _with_old_matchers(decoder, InhibitRule, table, path, given, _OLD_INHIBITION)


def _with_old_matchers(
    decoder: Decoder, cls: type, table: Table, path: Path, given: Mapping[str, Any], old: Mapping[str, tuple[str, str]]
) -> Any:
    """Decode a record whose matchers may be mappings: `old` says which field and operator each key stands for."""
    matchers: dict[str, list[Matcher]] = {field: [] for field, _ in old.values()}
    for key, (field, operator) in old.items():
        if key in table.entries:
            matchers[field] += _old_matchers(decoder, table.entries[key], (*path, key), operator)
    decoder.refuse_unknown(table, path, keys_of(cls) | set(old))
    # What stands in the old form only is not missing.
    given = dict(given) | {field: () for field, found in matchers.items() if found and field not in table.entries}
    values = decoder.settle(cls, table, path, given)
    if values is None:
        return BAD
    for field, found in matchers.items():
        values[field] = (*found, *values.get(field, ()))
    return decoder.construct(cls, values, path)


def _old_matchers(decoder: Decoder, entry: Entry, path: Path, operator: str) -> list[Matcher]:
    """`match: {name: value}` and `match_re:`, as Alertmanager wrote matchers before 0.22."""
    found = []
    pairs = decoder.value(dict[str, str], entry, path)
    for name, value in pairs.items() if pairs is not BAD else ():
        try:
            if operator == "=~":
                pattern(value)
        except MatcherError as error:
            decoder.findings.wrong(decoder.place((*path, name)), (*path, name), str(error))
            continue
        found.append(Matcher(name, operator, value))
    return found
