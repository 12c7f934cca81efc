"""Knocking at the daemon's own door."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer

from daemon.knock import door, knock, main


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:8420", "http://127.0.0.1:8420/-/ready"),
        ("0.0.0.0:80", "http://127.0.0.1:80/-/ready"),
        (":8420", "http://127.0.0.1:8420/-/ready"),
        ("[::]:8420", "http://[::1]:8420/-/ready"),
        ("[::1]:8420", "http://[::1]:8420/-/ready"),
        ("10.0.0.7:8420", "http://10.0.0.7:8420/-/ready"),
    ],
)
def test_a_door_is_knocked_at_where_this_machine_can_reach_it(address: str, url: str) -> None:
    assert door(address) == url


@pytest.fixture
def answering() -> Iterator[Callable[[str], str]]:
    """Start a server that answers with a given status; returns its URL."""
    servers = []

    def start(status: str) -> str:
        def application(environ: dict[str, Any], respond: Callable[..., Any]) -> list[bytes]:
            assert environ["PATH_INFO"] == "/-/ready"
            respond(status, [])
            return [b"the store is not well"]

        server = WSGIServer(("127.0.0.1", 0), application, log=None)
        server.start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/-/ready"

    yield start
    for server in servers:
        server.stop()


def test_a_ready_daemon_is_heard(answering: Callable[[str], str]) -> None:
    url = answering("200 OK")
    assert knock(url) == ""
    assert main([url]) == 0


def test_a_daemon_that_is_not_ready_says_why(
    answering: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([answering("503 Service Unavailable")]) == 1
    assert "503 the store is not well" in capsys.readouterr().err


def test_nobody_there_is_not_ready() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert "ConnectionRefused" in knock(f"http://127.0.0.1:{closed.getsockname()[1]}/-/ready")


def test_a_door_that_accepts_but_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "imeout" in knock(f"http://127.0.0.1:{silent.getsockname()[1]}/-/ready", within=0.2)


@pytest.mark.parametrize("arguments", [[], ["--config"], ["ftp://x"], ["a", "b", "c"]])
def test_a_wrong_question_is_answered_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err
