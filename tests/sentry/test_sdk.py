"""Real SDKs: what old ones sent, replayed; and the newest one in a Flask application that is really served."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from flask import Flask
from gevent.pywsgi import WSGIServer
from sentry_sdk import logger
from sentry_sdk.crons import monitor
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.transport import HttpTransport

from daemon.config.sentry import Project
from daemon.reading import SignKind
from daemon.secret import Secret
from http_client import ask
from reporting import KEY, Reporting
from unhooked import unhook

SENT = Path(__file__).parent / "sent"
OLD = sorted(SENT.glob("*.json"))


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_what_old_sdks_sent_is_understood(port: int, reporting: Reporting, path: Path) -> None:
    reporting.settings.projects["shop"] = Project(id=42, key=Secret("pk"))
    for one in json.loads(path.read_text()):
        assert ask(port, "POST", one["path"], base64.b64decode(one["body"]), one["headers"]).status == 200
    reporting.turn()
    errors = reporting.grouped.errors
    assert [error.level for error in errors] == ["error", "error" if "raven" in path.stem else "info"]
    assert (errors[0].exceptions[-1].type, errors[0].exceptions[-1].value) == ("ValueError", "bad 3")
    assert errors[0].exceptions[-1].frames[-1].function == "boom"
    assert errors[1].message in ("hello world", "hello 'world'")
    assert all(len(error.event_id) == 32 for error in errors)
    sums = reporting.sums()
    assert ('http.views{app="shop",route="/ok/*"}' in sums) == ("raven" not in path.stem)
    traced = path.stem in ("sentry-sdk-0.20.3", "sentry-sdk-1.45.1")
    assert ('http.time{app="shop",route="/ok/<int:i>"}' in sums) == traced
    assert (
        'resource.time{app="shop",resource="GET http://pay.example.com/charge/*",type="http.client"}' in sums
    ) == traced
    assert [sign.kind for _, sign in reporting.heard] == [SignKind.START, SignKind.SUCCESS] * ("1.45" in path.stem)


@pytest.fixture
def sdk() -> Iterator[None]:
    yield
    unhook()


def begin(port: int, **more: Any) -> None:
    sentry_sdk.init(
        f"http://{KEY}@127.0.0.1:{port}/pre/42", release="shop@1.2", environment="it", traces_sample_rate=1.0,
        enable_logs=True, integrations=[FlaskIntegration(transaction_style="url")], **more,
    )  # fmt: skip


def shop() -> Flask:
    app = Flask("shop")

    @app.get("/ok/<int:number>")
    def ok(number: int) -> str:
        with sentry_sdk.start_span(op="db", name=f"SELECT * FROM orders WHERE id = {number}"):
            pass
        return "ok"

    @app.get("/boom/<what>")
    def boom(what: str) -> str:
        raise ValueError(f"bad {what}")

    return app


def visit(app: Flask, *paths: str) -> list[int]:
    server = WSGIServer(("127.0.0.1", 0), app, log=None, error_log=None)
    server.start()
    statuses = [ask(server.server_port or 0, "GET", path, headers={"Connection": "close"}).status for path in paths]
    server.stop(timeout=1)
    return statuses


@pytest.mark.usefixtures("sdk")
@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_the_newest_in_a_flask_application(port: int, reporting: Reporting, coding: str) -> None:
    begin(port, _experiments={"transport_compression_algo": coding})
    assert visit(shop(), "/ok/5", "/ok/6", "/boom/x", "/nowhere") == [200, 200, 500, 404]

    @monitor(monitor_slug="nightly", monitor_config={"schedule": {"type": "crontab", "value": "0 3 * * *"}})
    def job() -> None:
        sentry_sdk.metrics.count("orders", 2, attributes={"paid": True})
        sentry_sdk.metrics.distribution("basket", 1500, unit="millisecond")

    job()
    sentry_sdk.capture_message("all is quiet")
    logger.warning("not for long")
    sentry_sdk.get_client().close(timeout=3)
    codings = reporting.store.read(lambda tx: {row[0] for row in tx.all("SELECT coding FROM spool")})
    assert codings == {coding}
    reporting.turn()
    errors = {error.message or error.exceptions[-1].value: error for error in reporting.grouped.errors}
    assert errors.keys() == {"bad x", "all is quiet"}
    bad = errors["bad x"]
    assert (bad.level, bad.handled, bad.transaction, bad.release) == ("error", False, "/boom/<what>", "shop@1.2")
    assert bad.exceptions[-1].frames[-1].in_app
    assert [(name, sign.kind) for name, sign in reporting.heard] == [
        ("nightly", SignKind.START), ("nightly", SignKind.SUCCESS)
    ]  # fmt: skip
    sums = reporting.sums()
    assert sums['http.time{app="shop",route="/ok/<int:number>"}'][0] == 2
    assert sums['http.errors{app="shop",route="/boom/<what>"}'] == (1, 1)
    assert sums['resource.time{app="shop",resource="SELECT * FROM orders WHERE id = ?",type="db"}'][0] == 2
    assert sums['orders{app="shop",paid="true"}'] == (1, 2)
    assert sums['basket{app="shop"}'] == (1, 1.5)
    assert sums['logs{app="shop",level="warning"}'] == (1, 1)
    sessions = {name: total for name, (_, total) in sums.items() if name.startswith("sessions")}
    assert sum(sessions.values()) == 4
    assert not [name for name in sums if "nowhere" in name]


@pytest.mark.usefixtures("sdk")
def test_the_newest_in_stream_mode(port: int, reporting: Reporting) -> None:
    begin(port, _experiments={"trace_lifecycle": "stream"})
    app = Flask("shop")
    app.add_url_rule("/ok/<int:number>", "ok", lambda number: f"{number}")
    assert visit(app, "/ok/5", "/ok/6") == [200, 200]
    sentry_sdk.get_client().close(timeout=3)
    reporting.turn()
    assert reporting.sums()['http.time{app="shop",route="/ok/<int:number>"}'][0] == 2


@pytest.mark.usefixtures("sdk")
def test_it_holds_back_what_it_is_asked_to(port: int, reporting: Reporting) -> None:
    """Its errors go on; of what it dropped it reports how many."""
    reporting.settings.projects["shop"] = Project(id=42, key=Secret(KEY), rate=1)
    begin(port)
    for number in range(7):
        sentry_sdk.capture_message(f"message {number}")
        sentry_sdk.flush(2)
    transport = sentry_sdk.get_client().transport
    assert isinstance(transport, HttpTransport)
    assert {str(category) for category in transport._disabled_until} >= {"transaction", "session"}
    assert "error" not in transport._disabled_until
    with sentry_sdk.start_transaction(op="http.server", name="/pay"):
        pass
    sentry_sdk.capture_message("still heard")
    sentry_sdk.flush(2)
    reporting.turn()
    assert reporting.grouped.errors[-1].message == "still heard"
    assert not [name for name in reporting.sums() if name.startswith("http.time")]
