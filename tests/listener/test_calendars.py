"""`GET /schedules/<name>.ics` over a real socket: for programs that send no headers of ours."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import made
from behind_the_door import Daemon
from daemon.config.settings import Auth, Token
from daemon.errors import MethodError, StoreUnavailable
from daemon.listener.server import HttpDoor
from daemon.methods.table import NOT_FOUND, REFUSED, Caller
from daemon.oncall.ical import read
from daemon.oncall.recurring import Event
from daemon.secret import Secret
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from fake_parts import Desk
from http_client import Client

TOKENS = Auth(
    tokens=(
        Token(name="phone", token=Secret("s3cret-of-a-phone"), may=("read",)),
        Token(name="hand", token=Secret("h"), may=("act",)),
    )
)
PATH = "/schedules/night.ics"

Opens = Callable[..., HttpDoor]


@pytest.fixture
def port(door: Opens, daemon: Daemon, store: SqliteStore, clock: FakeClock) -> int:
    """A door before the real methods."""
    desk = Desk(store, clock)
    daemon.settings = made.settings(auth=TOKENS)
    daemon.calls = desk.table.call
    return door(daemon.web()).port


def test_a_calendar_program_gets_the_shifts_with_a_token_in_the_address(port: int) -> None:
    with Client(port) as client:
        reply = client.request("GET", f"{PATH}?token=s3cret-of-a-phone")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    events = [one for one in read(reply.body.decode(), ZoneInfo("UTC")) if isinstance(one, Event)]
    assert {one.summary for one in events} == {"lin", "may"}
    assert len(events) > 10


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer s3cret-of-a-phone"}, {"X-Tocsin-Token": "s3cret-of-a-phone"}]
)
def test_a_token_may_stand_in_a_header_as_everywhere(headers: dict[str, str], port: int) -> None:
    with Client(port) as client:
        assert client.request("HEAD", PATH, headers=headers).status == 200


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("", 401, "bad_credentials"),
        ("?token=", 401, "bad_credentials"),
        ("?token=wrong", 401, "bad_credentials"),
        ("?" + "&".join(f"a{i}=1" for i in range(200)) + "&token=h", 401, "bad_credentials"),
        ("?token=h", 403, "forbidden"),
    ],
)
def test_strangers_and_those_who_may_not_read_get_nothing(query: str, status: int, error: str, port: int) -> None:
    with Client(port) as client:
        reply = client.request("GET", PATH + query)
    assert (reply.status, reply.json()["error"]) == (status, error)


@pytest.mark.parametrize(("method", "path"), [("GET", "/metrics"), ("POST", "/rpc")])
def test_in_no_other_address_a_token_counts(method: str, path: str, port: int) -> None:
    with Client(port) as client:
        assert client.request(method, f"{path}?token=s3cret-of-a-phone").status == 401


def test_the_token_is_not_in_the_log(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tocsin")
    with Client(port) as client:
        client.request("GET", f"{PATH}?token=s3cret-of-a-phone")
        client.request("GET", "/schedules/no.ics?token=s3cret-of-a-phone")
    assert "/schedules/night.ics" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_schedule_that_there_is_not(port: int) -> None:
    with Client(port) as client:
        reply = client.request("GET", "/schedules/%E5%A4%9C.ics?token=s3cret-of-a-phone")
    assert (reply.status, reply.json()["error"]) == (404, "no_such_schedule")
    assert reply.json()["detail"] == "there is no schedule '夜'; there are: night"


def raising(error: Exception) -> Callable[[str, Mapping[str, Any], Caller], Any]:
    def call(_method: str, _params: Mapping[str, Any], _caller: Caller) -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MethodError("no", code=NOT_FOUND), 404),
        (MethodError("too many", code=REFUSED), 409),
        (StoreUnavailable("closed"), 503),
    ],
)
def test_what_goes_wrong_has_a_status(error: Exception, status: int, door: Opens, daemon: Daemon) -> None:
    daemon.calls = raising(error)
    with Client(door(daemon.web()).port) as client:
        assert client.request("GET", PATH).status == status


def test_a_page_of_another_site_gets_nothing_from_a_door_without_a_lock(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        assert client.request("GET", PATH, headers={"Origin": "https://evil.example.com"}).status == 403
