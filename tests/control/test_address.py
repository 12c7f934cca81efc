"""Where the port listens: taken addresses, ipc files, doors beyond this machine."""

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.config.settings import Auth, Settings
from daemon.control.address import PortError
from daemon.control.port import ControlPort
from ports import Connect, Counter, Open, assert_lives, make_table


def test_a_taken_port_is_told_in_a_sentence(open_port: Open) -> None:
    first = open_port()
    with pytest.raises(PortError, match=r"cannot open the ZeroMQ port tcp:.*Address already in use"):
        open_port(first.endpoint)


def test_a_stopped_port_frees_its_address(open_port: Open, connect: Connect, counter: Counter) -> None:
    table = make_table(counter)
    first = ControlPort(table, Settings, SystemClock(), "tcp://127.0.0.1:0")
    first.start()
    first.stop()
    assert_lives(open_port(first.endpoint), connect)


def test_the_endpoint_comes_from_the_settings(counter: Counter) -> None:
    port = ControlPort(make_table(counter), Settings, SystemClock())
    assert port.endpoint == Settings().listen.zmq


def test_an_open_port_beyond_this_machine_needs_keys_or_plain_words(open_port: Open) -> None:
    with pytest.raises(PortError, match="nothing authenticates callers"):
        open_port("tcp://0.0.0.0:0")
    open_port("tcp://0.0.0.0:0", Settings(auth=Auth(allow_unauthenticated=True)))


def test_ipc_works_and_only_owner_and_group_may_use_the_socket(
    open_port: Open, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "tocsin.ipc"
    port = open_port(f"ipc://{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert_lives(port, connect)


def test_a_stale_ipc_socket_is_replaced(open_port: Open, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "tocsin.ipc"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    assert_lives(open_port(f"ipc://{path}"), connect)


def test_an_ipc_socket_in_use_is_left_alone(open_port: Open, connect: Connect, tmp_path: Path) -> None:
    first = open_port(f"ipc://{tmp_path}/tocsin.ipc")
    with pytest.raises(PortError, match="another process listens"):
        open_port(first.endpoint)
    assert_lives(first, connect)


def test_a_file_in_the_place_of_an_ipc_socket_is_left_alone(open_port: Open, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(PortError, match="is not a socket"):
        open_port(f"ipc://{path}")
    assert path.read_text() == "data"


@pytest.mark.parametrize(
    "endpoint",
    ["", "8421", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tcp://127.0.0.1:99999", "http://a:1", "ipc://"],
)
def test_what_is_no_endpoint_is_told_in_a_sentence(counter: Counter, endpoint: str) -> None:
    port = ControlPort(make_table(counter), Settings, SystemClock(), endpoint)
    port.endpoint = endpoint
    with pytest.raises(PortError, match="is not a ZeroMQ endpoint"):
        port.start()


def test_a_missing_folder_and_a_long_path_are_told_in_a_sentence(open_port: Open, tmp_path: Path) -> None:
    with pytest.raises(PortError, match="does not exist"):
        open_port(f"ipc://{tmp_path}/no/tocsin.ipc")
    with pytest.raises(PortError, match="too long"):
        open_port(f"ipc://{tmp_path}/{'x' * 120}")


def test_an_address_of_no_interface_here_is_told_in_a_sentence(open_port: Open) -> None:
    settings = Settings(auth=Auth(allow_unauthenticated=True))
    with pytest.raises(PortError, match=os.strerror(errno.ENODEV) + "|" + os.strerror(errno.EADDRNOTAVAIL)):
        open_port("tcp://192.0.2.1:8421", settings)
