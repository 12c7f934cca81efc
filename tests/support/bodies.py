"""Feed a body to a handler; compress one."""

import gzip
import json
from typing import Any
from urllib.parse import urlencode

from daemon.event import Event
from daemon.hook import Hook
from daemon.registry import Handler

FORM = "application/x-www-form-urlencoded"


def read(handler: Handler, body: Any, *, form: bool = False, options: Any = None) -> list[Event]:
    """Send `body` as JSON, or as a form, or as it is when it is bytes; the source is called after the handler."""
    raw = body if isinstance(body, bytes) else (urlencode(body) if form else json.dumps(body)).encode()
    content_type = FORM if form else "application/json"
    return list(handler.handle(Hook(source=handler.name, body=raw, content_type=content_type, options=options)))


def gzipped(body: bytes) -> bytes:
    """Without the time in it: it stands in the names of tests, which are the same in every process that shares them."""
    return gzip.compress(body, mtime=0)
