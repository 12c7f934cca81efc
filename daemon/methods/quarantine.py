"""Requests that made no events: look at them, and feed them through again."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import msgspec

from daemon.alerting.pipeline import Accepted
from daemon.config.settings import Source
from daemon.errors import MethodError
from daemon.methods.codes import Id, Limit, found, number, page
from daemon.methods.parts import Parts
from daemon.methods.sources import Outcome, attempt, outcomes
from daemon.methods.table import INVALID_PARAMS, Table
from daemon.secret import redact_text
from daemon.store import quarantine
from daemon.store.quarantine import Kind, Listed, Quarantined

MOST_AT_ONCE = 1_000


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """One quarantined request in a list."""

    id: int
    code: str
    at: float
    kind: Kind
    source: str
    reason: str
    remote: str
    size: int
    whole: bool
    replayed_at: float | None
    failed_at: float | None


class RequestShown(msgspec.Struct, frozen=True, kw_only=True):
    """One quarantined request with its body: as text, or as base64 where it is not UTF-8."""

    request: RequestLine
    content_type: str
    headers: dict[str, str]
    query: dict[str, str]
    encoding: str
    body: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one request that was fed through again."""

    request: str
    events: list[Outcome]
    problem: str = ""


class Replays(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the requests that were fed through again, and how many of their source still wait.

    Those with bad credentials are not among the ones that wait.
    """

    requests: list[Replayed]
    left: int


def add(table: Table, parts: Parts) -> None:
    """Add `quarantine.*`."""

    @table.method("quarantine.list", "read")
    def _list(source: str = "", limit: Limit = 100, before: Id = 0) -> list[RequestLine]:
        """List requests that made no events, newest first.

        `source` narrows it down; `before` is the last code of the page before.
        """
        last = page(before, "Q")
        rows = parts.store.read(lambda tx: quarantine.newest(tx, source=source, limit=limit, before=last))
        return [_line(request) for request in rows]

    @table.method("quarantine.show", "read")
    def _show(id: Id) -> RequestShown:  # noqa: A002 - the name that callers write
        """Show one request that made no events, with its body and headers (secrets hidden)."""
        request = _kept(parts, id)
        return _shown(request, _hidden(parts.settings().sources, request.source))

    @table.method("quarantine.replay", "act")
    def _replay(id: Id = 0, source: str = "") -> Replays:  # noqa: A002 - the name that callers write
        """Feed a request through its handler again, or all of a source that still wait.

        Those of a source go oldest first, at most 1000 at once, and `left` says how many still wait; the ones that
        failed go behind the others next time. Those that came with bad credentials or could not be checked are
        left out: such a one is replayed by its own id, by somebody who has looked at it. Each counts as heard when it
        came: an end that was followed by a new alarm, or an alarm whose end was heard since, is `stale` and changes
        nothing.
        """
        if bool(id) == bool(source):
            raise MethodError("quarantine.replay needs either id or source", code=INVALID_PARAMS)
        if id:
            one = _kept(parts, id)
            return _replays(parts, one.source, [one])
        ids = parts.store.read(lambda tx: quarantine.waiting(tx, source, MOST_AT_ONCE))
        return _replays(parts, source, _one_by_one(parts, ids))


def _kept(parts: Parts, given: Id) -> Quarantined:
    wanted = number(given, "Q")
    return found(parts.store.read(lambda tx: quarantine.get(tx, wanted)), given, "Q")


def _one_by_one(parts: Parts, ids: Iterable[int]) -> Iterator[Quarantined]:
    """Read each when its turn comes: a thousand bodies at once would be a gigabyte."""
    for request_id in ids:
        request = parts.store.read(partial(quarantine.get, request_id=request_id))
        if request is not None:  # it may have been forgotten meanwhile
            yield request


def _replays(parts: Parts, source: str, requests: Iterable[Quarantined]) -> Replays:
    done = [(request.id, _replayed(parts, request)) for request in requests]
    if failed := [request_id for request_id, one in done if one.problem]:
        now = parts.clock.now()
        parts.store.write(lambda tx: quarantine.failed(tx, failed, now))
    left = parts.store.read(lambda tx: quarantine.count_waiting(tx, source))
    return Replays(requests=[one for _, one in done], left=left)


def _replayed(parts: Parts, request: Quarantined) -> Replayed:
    accepted: list[Accepted] = []
    problem = attempt(lambda: accepted.extend(parts.intake.replay(request)))
    return Replayed(request=request.code, events=outcomes(accepted), problem=problem)


def _line(request: Quarantined | Listed) -> RequestLine:
    return msgspec.convert(request, RequestLine, from_attributes=True)


def _hidden(sources: Mapping[str, Source], name: str) -> tuple[str, ...]:
    """The fields that are secret in its body. Whoever mistook the name of a source may have sent those of any."""
    known = [sources[name]] if name in sources else sources.values()
    return tuple(dict.fromkeys(field for source in known for field in source.handler.hides))


def _shown(request: Quarantined, hides: tuple[str, ...]) -> RequestShown:
    """Show it; the fields that are secret are hidden here, while what is kept can be replayed."""
    try:
        # Bytes that are no text cannot be searched as they are, and must not carry a secret out as base64.
        encoding, body = "utf-8", redact_text(request.body.decode(errors="replace" if hides else "strict"), hides)
    except UnicodeDecodeError:
        encoding, body = "base64", base64.b64encode(request.body).decode()
    return RequestShown(
        request=_line(request),
        content_type=request.content_type,
        headers=request.headers,
        query=request.query,
        encoding=encoding,
        body=body,
    )
