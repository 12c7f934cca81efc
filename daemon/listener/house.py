"""The routes beside the webhooks: health, metrics, JSON-RPC, reload, acknowledging by a signed link."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import bottle
import gevent
import msgspec

from daemon.links import PATH as ACK
from daemon.listener.ackpage import AckPage
from daemon.listener.admission import allowed
from daemon.listener.apppages import ROUTES, pages
from daemon.listener.bodies import expanded
from daemon.listener.calendars import calendar
from daemon.listener.exchange import JSON, RECEIPTS, Answer, Refusal, Request, refused
from daemon.listener.metrics import metrics
from daemon.listener.parts import Parts
from daemon.listener.receipts import receipts
from daemon.listener.statuspage import BADGES, PAGES, badge, status
from daemon.listener.wsgi import REQUEST
from daemon.methods.jsonrpc import given_up, refuse
from daemon.methods.table import UNAVAILABLE, Caller
from daemon.payload import coding

log = logging.getLogger("tocsin.listener")

_encode = msgspec.json.Encoder().encode


def house(parts: Parts) -> bottle.Bottle:
    """Build the bottle application."""
    app = bottle.Bottle()
    app.config["catchall"] = False  # what fails unexpectedly is the server's to log
    app.default_error_handler = _problem
    app.get("/-/healthy", callback=lambda: _given(Answer(body=b"healthy\n", content_type="text/plain")))
    app.get("/-/ready", callback=lambda: _given(_ready(parts)))
    app.get("/metrics", callback=lambda: _given(allowed(parts, "read", partial(metrics, parts))))
    app.get("/schedules/<name:re:.+>.ics", callback=lambda name: _given(calendar(parts, name)))
    app.post("/rpc", callback=lambda: _given(allowed(parts, None, partial(_rpc, parts))))
    app.post("/-/reload", callback=lambda: _given(allowed(parts, "admin", partial(_reload, parts))))
    app.post(f"{RECEIPTS}<channel:path>", callback=lambda **_: _given(_receipts(parts)))
    for path in PAGES:
        app.get(path, callback=lambda: _given(status(parts, bottle.request.environ[REQUEST])))
    for route in ROUTES:
        app.get(route, callback=lambda **_: _given(pages(parts)))
    app.get(f"{BADGES}<rest:path>", callback=lambda **_: _given(badge(parts, bottle.request.environ[REQUEST])))
    page = AckPage(parts)
    app.get(f"{ACK}<token>", callback=lambda token: _given(page.show(bottle.request.environ[REQUEST], token)))
    app.post(f"{ACK}<token>", callback=lambda token: _given(page.act(bottle.request.environ[REQUEST], token)))
    return app


def _receipts(parts: Parts) -> Answer:
    return receipts(parts, bottle.request.environ[REQUEST])


def _ready(parts: Parts) -> Answer:
    if reason := parts.ready():
        return refused(Refusal(503, "not_ready", reason), headers=(("Retry-After", "5"),))
    return Answer(body=b"ready\n", content_type="text/plain")


def _rpc(parts: Parts, request: Request, caller: Caller) -> Answer:
    limit = parts.settings().limits.body
    body = expanded(request.body, request.headers.get(coding.HEADER, ""), limit)
    if isinstance(body, Refusal):
        return refused(body)
    said = _within(parts.patience, partial(parts.rpc, body, caller), body)
    return Answer(status=204) if said is None else Answer(body=said)


def _within(patience: float, work: Callable[[], bytes | None], body: bytes) -> bytes | None:
    """Do the work, or refuse all of it when it takes longer than anybody waits."""
    limit = gevent.Timeout(patience)
    try:
        with limit:
            return work()
    except gevent.Timeout as late:  # no Exception, so a method that lets its own one go is not caught before
        log.exception("a request over /rpc took too long")
        text = str(given_up(patience)) if late is limit else "it took too long"
        return refuse(body, UNAVAILABLE, text)


def _reload(parts: Parts, _request: Request, _caller: Caller) -> Answer:
    problems = parts.reload()
    if not problems:
        return Answer(body=b'{"reloaded": true}')
    said = {"error": "bad_configuration", "detail": "the old configuration goes on", "problems": problems}
    return Answer(status=422, body=_encode(said))


def _given(answer: Answer) -> Any:
    """Hand an answer to bottle."""
    headers = {"Content-Type": answer.content_type, **dict(answer.headers)}
    return bottle.HTTPResponse(answer.body, answer.status, headers=headers)


def _problem(error: Any) -> bytes:
    """Say bottle's own refusals (no such path, wrong method) in JSON, like all others."""
    said = {"error": str(error.status_line[4:]).lower().replace(" ", "_"), "detail": str(error.body)[:200]}
    bottle.response.content_type = JSON
    return _encode(said)
