"""Serve a WSGI application on the server's own request and answer values."""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any

from daemon.listener.exchange import Answer, App, Request

REQUEST = "tocsin.request"  # the environ key under which the application finds the Request itself

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def served(application: Wsgi) -> App:
    """Make an App of a WSGI application. Its answer is gathered whole: nothing here streams."""

    def app(request: Request) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if started and exc_info is None:
                raise AssertionError("start_response was called twice")
            started[:] = [(status, headers)]
            return unwritable

        chunks = application(environ(request), start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        if not started:
            raise AssertionError("the application did not call start_response")
        return _answer(*started[0], body)

    return app


def unwritable(_data: bytes) -> None:
    """Stand in for WSGI's old write(), which no application here may use."""
    raise NotImplementedError("return the body instead of writing it")


def environ(request: Request) -> dict[str, Any]:
    """Make the WSGI environment of a request."""
    made: dict[str, Any] = {
        # The server leaves the body of an answer to HEAD out, and needs it for Content-Length.
        "REQUEST_METHOD": "GET" if request.method == "HEAD" else request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8", "replace").decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "tocsin",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": request.remote,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        REQUEST: request,
    }
    for name, value in request.headers.items():
        if name not in ("content-type", "content-length"):
            made["HTTP_" + name.upper().replace("-", "_")] = value
    return made


def _answer(status: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
    content_type = "text/plain"
    others = []
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type":
            content_type = value
        elif lower not in ("content-length", "connection", "date"):
            others.append((name, value))
    return Answer(status=int(status[:3]), body=body, content_type=content_type, headers=tuple(others))
