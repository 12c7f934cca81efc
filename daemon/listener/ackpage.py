"""`/ack/<token>`, where a signed link leads: GET shows the alert, POST acknowledges it.

The only thing here that strangers reach. Whatever opens links by itself (previews in chats, scanners of mail) sends GET
or HEAD, which change nothing.
"""

import logging
from urllib.parse import parse_qs

import msgspec

from daemon import links, telemetry
from daemon.alerting import acknowledge
from daemon.alerting.acknowledge import LONGEST_COMMENT, LONGEST_NAME, Refused, Wish
from daemon.errors import StoreError
from daemon.event import State
from daemon.links import Bad
from daemon.listener import ackhtml
from daemon.listener.ackhtml import Problem, Seen
from daemon.listener.exchange import Answer, Request
from daemon.listener.parts import Parts
from daemon.template.words import Lang

log = logging.getLogger("tocsin.listener")

MOST_BAD = 60  # links with a wrong signature that are answered in a minute; those with a right one always are
MINUTE = 60.0
LONGEST_FORM = 8 * 1024
FIELDS = 10
FORM = "application/x-www-form-urlencoded"

_STATUS = {
    Problem.NONE: 404,
    Problem.MANGLED: 404,
    Problem.FORGED: 403,
    Problem.STRANGER: 403,
    Problem.EXPIRED: 410,
    Problem.GONE: 410,
    Problem.OFTEN: 429,
    Problem.STORE: 503,
}
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", ackhtml.POLICY),
    ("Referrer-Policy", "no-referrer"),  # the address is the key
    ("Vary", "Accept-Language"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow, noarchive"),
)
_LATER = (("Retry-After", "60"),)


class AckPage:
    """Serves the page. What is wrong with a link is said on a page, too: people read it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._bad = 0
        self._minute = parts.clock.monotonic()

    def show(self, request: Request, token: str) -> Answer:
        """Show the alert and the form."""
        return self._served(request, token, act=False)

    def act(self, request: Request, token: str) -> Answer:
        """Acknowledge; then the browser is sent back to the page, so that reloading it does nothing."""
        return self._served(request, token, act=True)

    def _served(self, request: Request, token: str, *, act: bool) -> Answer:
        language = ackhtml.language(request.headers.get("accept-language", ""))
        try:
            found = self._found(token)
            if isinstance(found, Problem):
                return _refused(found, language)
            return self._acted(request, token, found, language) if act else _page(found, language, self._parts)
        except StoreError as error:
            log.debug("an acknowledgement was answered 503: %s", error)
            return _refused(Problem.STORE, language)

    def _found(self, token: str) -> Seen | Problem:
        """Look at the signature, then at the time, and only then at the store."""
        settings, now = self._parts.settings(), self._parts.clock.now()
        if settings.links is None:
            return Problem.NONE
        said = links.read(token, settings.links.secret)
        if isinstance(said, Bad):
            return self._guessed(said)
        if said.person and said.person not in settings.people:
            return Problem.STRANGER
        if said.expires_at <= now:
            return Problem.EXPIRED
        row = self._parts.acks.look(said.alert_id)
        if row is None or not said.fits(row[0]):
            return Problem.GONE
        return Seen(alert=row[0], ack=row[1], person=said.person, now=now, zone=settings.texts.time_zone)

    def _guessed(self, bad: Bad) -> Problem:
        """Bound the work, and what whoever guesses learns; a lock would keep those from acknowledging who may."""
        now = self._parts.clock.monotonic()
        if now - self._minute >= MINUTE:
            self._bad, self._minute = 0, now
        self._bad += 1
        if self._bad > MOST_BAD:
            if self._bad == MOST_BAD + 1:
                log.warning("more than %d links with wrong signatures were opened within a minute", MOST_BAD)
            return Problem.OFTEN
        return Problem.MANGLED if bad is Bad.MANGLED else Problem.FORGED

    def _acted(self, request: Request, token: str, seen: Seen, language: Lang) -> Answer:
        if seen.alert.state is State.RESOLVED:
            return _page(seen, language, self._parts, status=409)
        form = _form(request)
        if isinstance(form, int):
            return _page(seen, language, self._parts, status=form, wrong="form")
        author = seen.person or acknowledge.one_line(form.get("name", ""), LONGEST_NAME)
        if not author:
            return _page(seen, language, self._parts, status=400, wrong="name")
        try:
            duration = acknowledge.lasting(form.get("for", ""), self._parts.acks.settings)
        except ValueError:
            return _page(seen, language, self._parts, status=400, wrong="for")
        comment = acknowledge.one_line(form.get("comment", ""), LONGEST_COMMENT)
        wish = Wish(author=author, lasting=duration, comment=comment, via="link")
        done = self._parts.acks.take(seen.alert.id, wish)
        if isinstance(done, Refused):  # it ended in this very moment
            return _page(self._again(seen), language, self._parts, status=409)
        log.info("%s acknowledged by %s over a link", seen.alert.code, author, extra={"alert": seen.alert.code})
        telemetry.ack_links.labels("acknowledged").inc()
        # Relative, because whatever stands between may have put a path in front.
        return Answer(status=303, content_type=ackhtml.TYPE, headers=(*_HEADERS, ("Location", token)))

    def _again(self, seen: Seen) -> Seen:
        row = self._parts.acks.look(seen.alert.id)
        return seen if row is None else msgspec.structs.replace(seen, alert=row[0], ack=row[1])


def _page(seen: Seen, language: Lang, parts: Parts, *, status: int = 200, wrong: str = "") -> Answer:
    telemetry.ack_links.labels("shown" if status == 200 else "refused").inc()  # noqa: PLR2004 - all is well
    body = ackhtml.page(seen, language, parts.acks.settings, wrong)
    headers = (*_HEADERS, ("Content-Language", language))
    return Answer(status=status, body=body, content_type=ackhtml.TYPE, headers=headers)


def _refused(problem: Problem, language: Lang) -> Answer:
    telemetry.ack_links.labels(problem.value).inc()
    status = _STATUS[problem]
    headers = (*_HEADERS, ("Content-Language", language), *(_LATER if status in (429, 503) else ()))
    body = ackhtml.problem(problem, language)
    return Answer(status=status, body=body, content_type=ackhtml.TYPE, headers=headers)


def _form(request: Request) -> dict[str, str] | int:
    """The fields of the form, or the status that says why there are none."""
    if len(request.body) > LONGEST_FORM:
        return 413
    sent_as = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent_as != FORM and request.body:
        return 415
    try:
        fields = parse_qs(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        return 400
    return {name: values[-1] for name, values in fields.items()}
