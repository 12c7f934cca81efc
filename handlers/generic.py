"""Any JSON or form body, mapped by paths and Jinja expressions in the configuration instead of Python."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec

from daemon.errors import ConfigError, HandlerError, TemplateError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, kind, text_of
from daemon.payload.paths import Path, PathNotFound
from daemon.payload.stamps import instant
from daemon.payload.words import SEVERITIES, STATES, plain
from daemon.registry import Sample, handler
from daemon.template import Template


def _doc(text: str, **more: Any) -> dict[str, Any]:
    return {"doc": text, **more}


def _reads(text: str) -> None:
    """Refuse a value of the map that is a path or an expression, and a wrong one."""
    _Expression("", text)


def _leads(text: str) -> None:
    """Refuse what is no path."""
    if text:
        Path(text)


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Where an event's fields come from: a path (`$.a.b`), a Jinja expression (`{{ body.a }}`) or a constant."""

    title: str = field(metadata=_doc("one line that says what is wrong", check=_reads))
    key: str = field(default="", metadata=_doc("what names the problem; without it the labels do", check=_reads))
    state: str = field(
        default="firing", metadata=_doc("a word that says whether the problem is there or over", check=_reads)
    )
    severity: str = field(default="error", metadata=_doc("a word that says how bad it is", check=_reads))
    text: str = field(default="", metadata=_doc("what else there is to say", check=_reads))
    started_at: str = field(
        default="", metadata=_doc("when it began: RFC 3339 or seconds since the epoch", check=_reads)
    )
    ended_at: str = field(default="", metadata=_doc("when it was over", check=_reads))
    labels: dict[str, str] = field(
        default_factory=dict, metadata=_doc("label -> path, expression or constant", check=_reads)
    )
    links: dict[str, str] = field(
        default_factory=dict, metadata=_doc("what it shows -> where its address comes from", check=_reads)
    )


@dataclass(frozen=True, kw_only=True)
class States:
    """The source's own words for how a problem stands, beside the usual ones."""

    firing: tuple[str, ...] = field(default=(), metadata=_doc("words that mean the problem is there"))
    resolved: tuple[str, ...] = field(default=(), metadata=_doc("words that mean it is over"))


@dataclass(frozen=True, kw_only=True)
class Severities:
    """The source's own words for how bad it is, beside the usual ones."""

    critical: tuple[str, ...] = field(default=(), metadata=_doc("words that mean critical"))
    error: tuple[str, ...] = field(default=(), metadata=_doc("words that mean error"))
    warning: tuple[str, ...] = field(default=(), metadata=_doc("words that mean warning"))
    info: tuple[str, ...] = field(default=(), metadata=_doc("words that mean info"))


class _Expression:
    """One compiled value of the map: a path, a template, or a constant."""

    def __init__(self, name: str, source: str) -> None:
        """Compile, or raise ValueError or TemplateError."""
        self.name = name
        self.source = source
        self.path = Path(source) if source.startswith("$") else None
        self.template = Template(source) if not self.path and ("{{" in source or "{%" in source) else None

    @property
    def is_constant(self) -> bool:
        return self.path is None and self.template is None

    def text(self, body: Any, item: Any) -> str:
        """Work it out for one item; raise HandlerError naming the field and what is not there."""
        try:
            if self.path:
                found = self.path.find(item)
                return ", ".join(map(text_of, found or [])) if self.path.is_many else text_of(found)
            if self.template:
                return self.template.render({"body": body, "item": item}).strip()
        except (PathNotFound, TemplateError) as error:
            raise HandlerError(f"{self.name}: {error}") from error
        return self.source


class _Plan(msgspec.Struct, frozen=True):
    """Everything of one source's options, compiled."""

    each: Path | None
    fields: Mapping[str, _Expression]
    labels: Mapping[str, _Expression]
    links: Mapping[str, _Expression]
    states: Mapping[str, State]
    severities: Mapping[str, Severity]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the bodies of one source are read."""

    map: Fields = field(metadata=_doc("where each field of the event comes from"))
    each: str = field(
        default="", metadata=_doc("path to a list: one event per element, `$` and `item` are the element", check=_leads)
    )
    states: States = field(default=States(), metadata=_doc("the source's own words for firing and resolved"))
    severities: Severities = field(default=Severities(), metadata=_doc("the source's own words for severities"))

    def __post_init__(self) -> None:
        """Compile now, so that a mistake is an error of the configuration: ConfigError with all of them."""
        self.plan  # noqa: B018 - the property does the work once

    @functools.cached_property
    def plan(self) -> _Plan:
        """Compile every path and template once."""
        problems: list[str] = []
        texts = {one.name: getattr(self.map, one.name) for one in fields(Fields)}
        labels, links = texts.pop("labels"), texts.pop("links")
        plan = _Plan(
            each=_each(self.each, problems),
            fields=_compiled("map.", {name: text for name, text in texts.items() if text}, problems),
            labels=_compiled("map.labels.", labels, problems),
            links=_compiled("map.links.", links, problems),
            states=STATES | _words("states", self.states, State, problems),
            severities=SEVERITIES | _words("severities", self.severities, Severity, problems),
        )
        problems += _mistakes(self.map, plan)
        if problems:
            raise ConfigError(problems)
        return plan


def _each(source: str, problems: list[str]) -> Path | None:
    try:
        return Path(source) if source else None
    except ValueError as error:
        problems.append(f"each: {error}")
        return None


def _compiled(prefix: str, texts: Mapping[str, str], problems: list[str]) -> dict[str, _Expression]:
    found = {}
    for name, text in texts.items():
        try:
            found[name] = _Expression(prefix + name, text)
        except (ValueError, TemplateError) as error:
            problems.append(f"{prefix}{name}: {error}")
    return found


def _words(option: str, lists: States | Severities, meaning: Any, problems: list[str]) -> dict[str, Any]:
    """Turn lists of words into one table; a word with two meanings is a mistake."""
    found: dict[str, Any] = {}
    pairs = [(plain(word), one.name) for one in fields(lists) for word in getattr(lists, one.name)]
    for word, name in pairs:
        found.setdefault(word, meaning(name))
    problems.extend(
        f"{option}: {word!r} is listed as {found[word]} and as {name}" for word, name in pairs if found[word] != name
    )
    return found


def _mistakes(given: Fields, plan: _Plan) -> list[str]:
    """What compiles and can still never work."""
    found = []
    if not given.key and not given.labels:
        found.append("map: give a key, or labels: otherwise all its alarms are one and the same problem")
    for name, known in (("state", plan.states), ("severity", plan.severities)):
        one = plan.fields.get(name)
        if one and one.is_constant and plain(one.source) not in known:
            found.append(f"map.{name}: {one.source!r} is not a known word; a path begins with $")
    return found


@handler(
    "generic",
    options=Options,
    sample_options=Options(
        each="$.alerts",
        map=Fields(
            key="$.id",
            state="$.status",
            severity="$.level?",
            title="{{ item.check }} on {{ item.host }}",
            text="$.detail?",
            started_at="$.since",
            labels={"host": "$.host", "site": "{{ body.site }}", "team": "shop"},
            links={"page": "$['see also']?"},
        ),
        states=States(firing=("kaput",)),
    ),
    samples={
        "firing": Sample(
            body=b"""{"site": "berlin", "alerts": [
 {"id": 4711, "status": "kaput", "level": "high", "check": "checkout", "host": "web-3",
  "detail": "no order for 10 minutes", "since": 1795222800, "see also": "https://shop.example.com/status"},
 {"id": 4712, "status": "down", "check": "mail", "host": "mx-1", "since": "2026-11-21T09:00:00+08:00"}]}"""
        ),
        "resolved": Sample(
            body=b"""{"site": "berlin", "alerts": [
 {"id": 4711, "status": "ok", "check": "checkout", "host": "web-3", "since": 1795222800},
 {"id": 4712, "status": "up", "check": "mail", "host": "mx-1", "since": "2026-11-21T09:00:00+08:00"}]}"""
        ),
    },
)
def generic(hook: Hook) -> Iterator[Event]:
    """One event per body, or per element of the list that `each` leads to."""
    if not isinstance(hook.options, Options):
        raise HandlerError("this source has no map: the generic handler reads bodies as its options say")
    plan = hook.options.plan
    body = body_of(hook)
    if plan.each is None:
        yield _event(hook.source, plan, body, body)
        return
    for position, item in enumerate(_items(plan.each, body)):
        try:
            yield _event(hook.source, plan, body, item)
        except HandlerError as error:
            raise HandlerError(f"element {position}: {error}") from error


def _items(each: Path, body: Any) -> list[Any]:
    try:
        found = each.find(body)
    except PathNotFound as error:
        raise HandlerError(f"each: {error}") from error
    if found is None and each.optional:
        return []
    if not isinstance(found, list):
        raise HandlerError(f"each: {each.source} must be a list, not {kind(found)}")
    return found


def _event(source: str, plan: _Plan, body: Any, item: Any) -> Event:
    said = {name: one.text(body, item) for name, one in plan.fields.items()}
    if "key" in said and not said["key"]:
        raise HandlerError("map.key: it is empty here, and nothing else tells which problem it is")
    labels = {name: one.text(body, item) for name, one in plan.labels.items()}
    return Event(
        source=source,
        key=said.get("key", ""),
        state=_state(plan, said),
        severity=plan.severities.get(plain(said.get("severity", "")), Severity.ERROR),
        title=said.get("title", ""),
        text=said.get("text", ""),
        labels={name: value for name, value in labels.items() if value},
        links={name: url for name, one in plan.links.items() if (url := one.text(body, item))},
        started_at=instant(said.get("started_at")),
        ended_at=instant(said.get("ended_at")),
    )


def _state(plan: _Plan, said: Mapping[str, str]) -> State:
    """A word nobody knows could mean either: the request is refused, kept, and replayed once the word is listed."""
    word = said.get("state") or State.FIRING
    state = plan.states.get(plain(word))
    if state is None:
        raise HandlerError(
            f"map.state: {word[:80]!r} is not a known word; list it under states.firing or states.resolved"
        )
    return state
