"""An event of an SDK, old or new: an error for `faults`, or the view of a page."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from daemon.faults.event import ErrorEvent, Frame, Pairs, Raised
from daemon.sentry import names
from daemon.sentry.found import Found, View
from daemon.sentry.objects import LONG, SHORT, items, mapping, number, pairs, text, written
from daemon.sentry.times import Times

MOST_RAISED, MOST_FRAMES, MOST_CRUMBS, MOST_VARS = 20, 250, 20, 50
LINES = 5  # of source before and after
_LEVELS = frozenset(("fatal", "error", "warning", "info", "debug"))
_OTHERS = {"critical": "fatal", "warn": "warning", "log": "info", "sample": "debug", "trace": "debug"}
_SPOKEN = ("message", "logentry", "sentry.interfaces.Message", "exception", "sentry.interfaces.Exception")
_STACKS = ("stacktrace", "sentry.interfaces.Stacktrace")


def take(event: Mapping[str, Any], size: int, sdk: str, times: Times, found: Found) -> None:
    """Read it into `found`."""
    at = times.at(event.get("timestamp"))
    route = text(event.get("transaction"))
    if route and not any(event.get(name) for name in (*_SPOKEN, *_STACKS)):
        found.items["view"] += 1
        found.views.append(View(names.page(route), None, at))
        return
    found.items["error"] += 1
    found.errors.append(_error(event, size, sdk, at, times.received_at, found.app))


def level(value: object) -> str:
    """One of the five; raven sends the numbers of `logging`, others leave it out."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        steps = ((50, "fatal"), (40, "error"), (30, "warning"), (20, "info"))
        return next((name for least, name in steps if value >= least), "debug")
    name = text(value).lower()
    return name if name in _LEVELS else _OTHERS.get(name, "error")


def _error(event: Mapping[str, Any], size: int, sdk: str, at: float, received_at: float, app: str) -> ErrorEvent:
    message, template = _said(event)
    raised, handled = _raised(event)
    contexts = mapping(event.get("contexts"))
    fingerprint = event.get("fingerprint")
    return ErrorEvent(
        app=app,
        event_id=text(event.get("event_id")).replace("-", "").lower()[:32],
        at=at,
        received_at=received_at,
        level=level(event.get("level")),
        message=message,
        template=template,
        logger=text(event.get("logger")),
        transaction=text(event.get("transaction")),
        culprit=text(event.get("culprit")),
        exceptions=raised,
        fingerprint=tuple(fingerprint[:MOST_RAISED]) if isinstance(fingerprint, list) else (),
        release=text(event.get("release")),
        environment=text(event.get("environment")),
        server_name=text(event.get("server_name")),
        tags=pairs(event.get("tags")),
        user=_user(event),
        contexts=tuple(_shown(event, contexts)),
        request=_request(event),
        extra=pairs(event.get("extra"), longest=1_000),
        trail=tuple(_crumbs(event.get("breadcrumbs"))),
        handled=handled,
        trace_id=text(mapping(contexts.get("trace")).get("trace_id"), 64),
        platform=text(event.get("platform")),
        sdk=_sdk(event) or sdk,
        size=size,
    )


def _said(event: Mapping[str, Any]) -> tuple[str, str]:
    """The message as people read it, and before its values were put in."""
    for name in ("logentry", "sentry.interfaces.Message", "message"):
        said = event.get(name)
        if isinstance(said, dict):
            template = text(said.get("message"), LONG)
            formatted = text(said.get("formatted"), LONG) or _filled(template, said.get("params"))
            if template or formatted:
                return formatted or template, template if template != formatted else ""
        elif isinstance(said, str) and said:
            return text(said, LONG), ""
    return "", ""


def _filled(template: str, params: object) -> str:
    """Put the values in, one after the other: only as they are, for a format may ask for a billion blanks."""
    for one in params[:MOST_RAISED] if isinstance(params, list) else ():
        template = template.replace("%s" if "%s" in template else "%d", written(one), 1)
    return text(template, LONG)


def _raised(event: Mapping[str, Any]) -> tuple[tuple[Raised, ...], bool | None]:
    """The chain of exceptions, the one that got out last, and whether the application caught that."""
    given = event.get("exception") or event.get("sentry.interfaces.Exception")
    if isinstance(given, dict) and "values" not in given:
        given = [given]
    listed = given.get("values") if isinstance(given, dict) else given
    chain = list(items(listed[-MOST_RAISED:] if isinstance(listed, list) else None, MOST_RAISED))
    stack = next((event[name] for name in _STACKS if isinstance(event.get(name), dict)), None)
    if stack is not None and chain and not chain[-1].get("stacktrace"):
        chain[-1] = {**chain[-1], "stacktrace": stack}
    handled = mapping(chain[-1].get("mechanism")).get("handled") if chain else None
    # SDKs leave it out for what lies in neither a library's folder nor the one where the program was started. Where all
    # of an application does, it is what is not said to be a library's.
    own = (True,) if any(frame.get("in_app") is True for one in chain for frame in _calls(one)) else (True, None)
    return tuple(_one(one, own) for one in chain), handled if isinstance(handled, bool) else None


def _calls(raised: Mapping[str, Any]) -> list[dict[str, Any]]:
    frames = mapping(raised.get("stacktrace")).get("frames")
    kept = frames[-MOST_FRAMES:] if isinstance(frames, list) else []
    return [one for one in kept if isinstance(one, dict)]


def _one(raised: Mapping[str, Any], own: Container[object]) -> Raised:
    return Raised(
        type=text(raised.get("type")),
        value=written(raised.get("value"), LONG),
        module=text(raised.get("module")),
        frames=tuple(_frame(one, is_own=one.get("in_app") in own) for one in _calls(raised)),
    )


def _frame(frame: Mapping[str, Any], *, is_own: bool) -> Frame:
    return Frame(
        module=text(frame.get("module")),
        filename=text(frame.get("filename") or frame.get("abs_path")),
        function=text(frame.get("function")),
        lineno=int(number(frame.get("lineno")) or 0),
        in_app=is_own,
        context_line=text(frame.get("context_line")),
        pre_context=_lines(frame.get("pre_context"))[-LINES:],
        post_context=_lines(frame.get("post_context"))[:LINES],
        vars=pairs(frame.get("vars"), MOST_VARS),
    )


def _lines(value: object) -> tuple[str, ...]:
    return tuple(text(line) for line in value[: 4 * LINES]) if isinstance(value, list) else ()


def _user(event: Mapping[str, Any]) -> str:
    user = mapping(event.get("user") or event.get("sentry.interfaces.User"))
    return next((said for name in ("id", "username", "email", "ip_address") if (said := text(user.get(name)))), "")


def _shown(event: Mapping[str, Any], contexts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What of its surroundings is worth a look."""
    for name in ("browser", "device", "os", "runtime"):
        one = mapping(contexts.get(name))
        said = " ".join(filter(None, (text(one.get("name") or one.get("model")), text(one.get("version")))))
        if said:
            yield name, said
    asked = mapping(event.get("request") or event.get("sentry.interfaces.Http"))
    url = text(asked.get("url"), 1_000).partition("?")[0]
    if url:
        yield "request", f"{text(asked.get('method'))} {url}".strip()


def _request(event: Mapping[str, Any]) -> Pairs:
    """Its parts as text; `faults` hides what is secret in them."""
    asked = mapping(event.get("request") or event.get("sentry.interfaces.Http"))
    found: dict[str, str] = {}
    for name in ("method", "url", "query_string", "data"):
        if said := written(asked.get(name), 1_000):
            found[name] = said
    for part in ("headers", "cookies", "env"):
        for name, value in pairs(asked.get(part), longest=500):
            found[f"{part}.{name}"] = value
    return tuple(sorted(found.items()))


def _crumbs(value: object) -> Iterator[str]:
    listed = value.get("values") if isinstance(value, dict) else value
    for crumb in items(listed[-MOST_CRUMBS:] if isinstance(listed, list) else None, MOST_CRUMBS):
        said = text(crumb.get("message"), SHORT) or written(crumb.get("data") or None, SHORT)
        yield " ".join(filter(None, (text(crumb.get("category") or crumb.get("type")), said)))


def _sdk(event: Mapping[str, Any]) -> str:
    sdk = mapping(event.get("sdk"))
    return " ".join(filter(None, (text(sdk.get("name")), text(sdk.get("version")))))
