"""Flask and bottle, really served: page views by the rule of the route."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import bottle
import flask
import pytest
import requests

import tocsin
from ear import Ear


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(application: Any) -> Iterator[Callable[[str], requests.Response]]:
    """Serve it on a port of this machine; gives a function that asks for a path."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with requests.Session() as session:
                session.trust_env = False
                yield lambda path: session.get(f"http://127.0.0.1:{server.server_port}{path}", timeout=5)
        finally:
            server.shutdown()
            thread.join()


def told(ear: Ear) -> list[str]:
    """What came, without the times."""
    return [line.partition(":")[0] + "|" + line.partition("|")[2] for line in ear.rest()]


def view(route: str, *, failed: bool = False) -> list[str]:
    tags = f"#app:shop,route:{route}"
    return [f"http.time|ms|{tags}", *([f"http.errors|c|{tags}"] if failed else [])]


def flask_app(decorate: Any) -> flask.Flask:
    app = flask.Flask("shop")

    @app.route("/orders/<int:number>")
    @decorate
    def order(number: int) -> str:
        return helper(number)

    @decorate
    def helper(number: int) -> str:
        return f"order {number}"

    @app.route("/status/<int:status>")
    @decorate
    def status(status: int) -> tuple[str, int]:
        return "said", status

    @app.route("/abort/<int:status>")
    @decorate
    def abort(status: int) -> str:
        flask.abort(status)

    @app.route("/made/<int:status>")
    @decorate
    def made(status: int) -> flask.Response:
        flask.abort(flask.Response("made", status))

    @app.route("/broken")
    @decorate
    def broken() -> str:
        raise LookupError

    @app.route("/rows")
    @decorate
    def rows() -> flask.Response:
        return flask.Response(str(row) for row in range(3))

    return app


def bottle_app(decorate: Any) -> bottle.Bottle:
    app = bottle.Bottle()

    @app.route("/orders/<number:int>")
    @decorate
    def order(number: int) -> str:
        return f"order {number}"

    @app.route("/status/<status:int>")
    @decorate
    def status(status: int) -> str:
        bottle.response.status = status
        return "said"

    @app.route("/abort/<status:int>")
    @decorate
    def abort(status: int) -> str:
        bottle.abort(status, "no")
        return ""

    @app.route("/made/<status:int>")
    @decorate
    def made(status: int) -> bottle.HTTPResponse:
        return bottle.HTTPResponse("made", status)

    @app.route("/broken")
    @decorate
    def broken() -> str:
        raise LookupError

    return app


def as_it_is(function: Any) -> Any:
    return function


def walk(get: Callable[[str], requests.Response], *, whole: bool) -> dict[str, int]:
    return {
        path: get(path).status_code
        for path in ("/orders/7", "/orders/8", "/status/503", "/status/404", "/abort/500", "/abort/404", "/made/502",
                     "/broken", *(("/nowhere/1", "/nowhere/2") if whole else ()))
    }  # fmt: skip


STATUS = {
    "/orders/7": 200, "/orders/8": 200, "/status/503": 503, "/status/404": 404, "/abort/500": 500, "/abort/404": 404,
    "/made/502": 502, "/broken": 500,
}  # fmt: skip


def expected(number: str, status: str) -> list[str]:
    return [
        *view(number), *view(number), *view(status, failed=True), *view(status),
        *view(status.replace("status/", "abort/"), failed=True), *view(status.replace("status/", "abort/")),
        *view(status.replace("status/", "made/"), failed=True), *view("/broken", failed=True),
    ]  # fmt: skip


@pytest.mark.parametrize("decorator", [tocsin.timed, tocsin.perf_logging(), tocsin.timed("some name")])
def test_decorated_views_of_flask(ear: Ear, decorator: Any) -> None:
    app = flask_app(decorator)
    app.logger.disabled = True
    with served(app) as get:
        assert walk(get, whole=False) == STATUS
        heard = told(ear)
    helped = [one for one in heard if "http." not in one]
    assert [one for one in heard if "http." in one] == expected("/orders/<int:number>", "/status/<int:status>")
    assert len(helped) == 2  # what a view calls is a function like every other


def test_a_whole_flask_application(ear: Ear) -> None:
    app = tocsin.flask(tocsin.flask(flask_app(tocsin.resource("none", "x").__call__)))
    app.logger.disabled = True
    with served(app) as get:
        assert walk(get, whole=True) == {**STATUS, "/nowhere/1": 404, "/nowhere/2": 404}
        assert get("/rows").text == "012"
        heard = [one for one in told(ear) if "http." in one]
    assert heard == [
        *expected("/orders/<int:number>", "/status/<int:status>"), *view("(none)"), *view("(none)"), *view("/rows")
    ]  # fmt: skip


def test_a_decorated_view_of_a_measured_application_counts_once(ear: Ear) -> None:
    for app in (tocsin.flask(flask_app(tocsin.timed)), tocsin.bottle(bottle_app(tocsin.timed))):
        with served(app) as get:
            assert get("/orders/7").ok
            assert len([one for one in told(ear) if "http." in one]) == 1


def test_a_view_below_other_decorators(ear: Ear) -> None:
    import functools  # noqa: PLC0415 - of this one alone

    def guarded(function: Any) -> Any:
        @functools.wraps(function)
        def guard(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return guard

    app = flask.Flask("shop")
    blueprint = flask.Blueprint("till", "till", url_prefix="/till")
    blueprint.route("/pay")(guarded(guarded(tocsin.timed(lambda: "paid"))))
    app.register_blueprint(blueprint)
    with served(app) as get:
        assert get("/till/pay").text == "paid"
        assert told(ear) == view("/till/pay")


@pytest.mark.parametrize("decorator", [tocsin.timed, tocsin.timed("some name")])
def test_decorated_callbacks_of_bottle(ear: Ear, decorator: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with served(bottle_app(decorator)) as get:
        assert walk(get, whole=False) == STATUS
        assert told(ear) == expected("/orders/<number:int>", "/status/<status:int>")
    capsys.readouterr()


def test_a_whole_bottle_application(ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tocsin.bottle(tocsin.bottle(bottle_app(as_it_is)))) as get:
        assert walk(get, whole=True) == {**STATUS, "/nowhere/1": 404, "/nowhere/2": 404}
        assert told(ear) == [*expected("/orders/<number:int>", "/status/<status:int>"), *view("(none)") * 2]
    capsys.readouterr()


def test_any_application_over_wsgi(ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tocsin.wsgi(bottle_app(as_it_is))) as get:
        assert walk(get, whole=True) == {**STATUS, "/nowhere/1": 404, "/nowhere/2": 404}
        assert told(ear) == [*expected("/orders/<number:int>", "/status/<status:int>"), *view("(none)") * 2]
    capsys.readouterr()


def test_an_application_that_answers_late_breaks_or_is_left(ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    closed = []

    class Late:
        def __init__(self, environ: Any, start: Any) -> None:
            self.path, self.start = environ["PATH_INFO"], start

        def __iter__(self) -> Iterator[bytes]:
            self.start("500 No" if self.path == "/bad" else "200 OK", [("Content-Type", "text/plain")])
            yield b"a"
            if self.path == "/breaks":
                raise LookupError
            yield b"b"

        def close(self) -> None:
            closed.append(self.path)

    def rule(environ: Any) -> str | None:
        return {"/bad": "/<which>", "/breaks": "/breaks"}.get(environ["PATH_INFO"])

    with served(tocsin.wsgi(Late, rule)) as get:
        assert get("/bad").text == "ab"
        get("/other")
        get("/breaks")
    heard = told(ear)
    assert heard[:3] == [*view("/<which>", failed=True), *view("(none)")]
    assert heard[3:] == view("/breaks", failed=True)
    assert closed == ["/bad", "/other", "/breaks"]
    capsys.readouterr()


def test_a_rule_for_every_other_framework(ear: Ear) -> None:
    @tocsin.timed(route="/pay", tags={"team": "till"})
    def pay(*, fails: bool) -> None:
        if fails:
            raise LookupError

    pay(fails=False)
    with pytest.raises(LookupError):
        pay(fails=True)
    tags = "#app:shop,team:till,route:/pay"
    assert told(ear) == [f"http.time|ms|{tags}", f"http.time|ms|{tags}", f"http.errors|c|{tags}"]


def test_a_view_that_is_called_outside_of_a_request_is_a_function(ear: Ear) -> None:
    app = flask.Flask("shop")
    pay = app.route("/pay")(tocsin.timed(lambda: "paid"))
    assert pay() == "paid"
    assert [one.partition("|")[0] for one in told(ear)] == ["function.time"]


def test_switched_off_it_serves_as_before(ear: Ear) -> None:
    tocsin.configure("off")
    with served(tocsin.flask(flask_app(tocsin.timed))) as get:
        assert get("/orders/7").text == "order 7"
    assert told(ear) == []
