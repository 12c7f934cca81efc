"""`/metrics`: what tocsin counts and measures of itself, of its probes, and of applications if that is wanted.

All of it is written anew for each scrape, from what lives then: nothing is left of what was renamed or has expired.
"""

import gzip
from functools import partial

from daemon import telemetry
from daemon.exposition import END, asked
from daemon.listener.bodies import takes_gzip
from daemon.listener.exchange import Answer, Request
from daemon.listener.parts import Parts
from daemon.methods.table import Caller

_SMALL = 1_000  # bytes that are not worth to be packed


def metrics(parts: Parts, request: Request, _caller: Caller) -> Answer:
    """Serve the page in the form that is asked for."""
    form = asked(request.headers.get("accept", ""))
    more = [write(form) for write in parts.numbers]  # first, for some of tocsin's own numbers tell of these
    body = b"".join([telemetry.exposition(form), *more, END if form.is_openmetrics else b""])
    headers: tuple[tuple[str, str], ...] = (("Vary", "Accept, Accept-Encoding"),)
    if len(body) > _SMALL and takes_gzip(request):
        # A page of megabytes takes tenths of a second: not here.
        body = parts.aside(partial(gzip.compress, body, 4, mtime=0))
        headers += (("Content-Encoding", "gzip"),)
    return Answer(body=body, content_type=form.content_type, headers=headers)
