"""`POST /receipts/<channel>`: a provider says what became of the messages that it took."""

import logging
from functools import partial

from daemon.aside import beside
from daemon.config.settings import Channel
from daemon.errors import StoreError
from daemon.listener import credentials
from daemon.listener.bodies import expanded
from daemon.listener.exchange import RECEIPTS, Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.payload import coding

log = logging.getLogger("tocsin.listener")

# One answer for a channel that is not there and for one that takes no receipts: nobody learns what is configured.
_SHUT = Refusal(401, "bad_credentials", "there is no such channel, or this is not the token of its receipts")
_STORE = Refusal(503, "unavailable", "this could not be written to disk; send it again")
_AGAIN = (("Retry-After", "5"),)


def receipts(parts: Parts, request: Request) -> Answer:
    """Answer as the provider wants it once the receipts are on disk. The token may be the path's last step."""
    name, _, step = request.path.removeprefix(RECEIPTS).rstrip("/").partition("/")
    channel = parts.settings().channels.get(name)
    wanted = channel.receipts.token if channel is not None and channel.receipts is not None else None
    query = fields_of(request.query) if request.query else {}
    if channel is None or wanted is None or not credentials.holds(wanted, request.headers, query, step):
        return refused(_SHUT)
    try:
        return _taken(parts, channel, request)
    except StoreError as error:
        log.debug("receipts were answered 503: %s", error)
        return refused(_STORE, headers=_AGAIN)


def _taken(parts: Parts, channel: Channel, request: Request) -> Answer:
    limit = parts.settings().limits
    body = expanded(request.body, request.headers.get(coding.HEADER, ""), limit.body)
    if isinstance(body, Refusal):
        return refused(body)
    try:
        reports = beside(parts.aside, body, partial(channel.sender.heard, body))
    except ValueError as error:
        log.warning("receipts for %s cannot be read: %s", channel.name, error, extra={"channel": channel.name})
        return refused(Refusal(422, "unusable_body", str(error)))
    heard = parts.hear(channel, reports)
    if heard.unknown:
        log.info("%d receipts for %s speak of messages that are not known", heard.unknown, channel.name)
    return Answer(body=channel.sender.heard_answer)
