"""The page for those who come from elsewhere: what it shows works, and what it names exists."""

import re
import socket
from pathlib import Path

import pytest

from daemon import probes
from daemon.conditions.parse import parse
from daemon.config.looking import ProbePlan
from daemon.config.reference import rows
from daemon.errors import ConditionError
from daemon.probes.tcp import Tcp
from daemon.registry import kinds_in
from daemon.units import Seconds
from probe_pages import DOCS, shown_on_the_page
from raw_server import serving

PAGE = (DOCS / "coming-from.md").read_text()
KINDS = kinds_in(probes)
CONDITIONS = sorted(
    {
        one.strip()
        for listed in re.findall(r"`(?:down|degraded): \[([^`]*)\]`", PAGE)
        for one in re.split(r",(?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)", listed)
        if "== …" not in one
    }
)


def can_be_said(condition: str) -> bool:
    for name, kind in KINDS.items():
        try:
            parse(condition, kind.gives(), name)
        except ConditionError:
            continue
        return True
    return False


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_stands_there_as_a_condition_is_one(condition: str) -> None:
    assert can_be_said(condition)


def test_there_are_conditions_on_the_page() -> None:
    assert len(CONDITIONS) >= 5


@pytest.mark.parametrize(
    "setting",
    [
        "every",
        "every_while_failing",
        "fail_after",
        "recover_after",
        "upside_down",
        "depends_on",
        "active",
        "cron",
        "quorum",
    ],
)
def test_the_settings_that_all_probes_have_are_called_so(setting: str) -> None:
    assert f"`{setting}" in PAGE
    assert any(f"| `{setting}` |" in row for row in rows(ProbePlan))


def test_a_web_socket_is_looked_at_by_its_upgrade(tmp_path: Path) -> None:
    (shown,) = shown_on_the_page("coming-from", tmp_path).values()
    assert isinstance(shown, Tcp)

    def upgrades(sock: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += sock.recv(4_096)
        good = asked.startswith(b"GET /prices HTTP/1.1\r\n") and b"\r\nUpgrade: websocket\r\n" in asked
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" if good else b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(upgrades) as port:
        assert Tcp(host="127.0.0.1", port=port, timeout=Seconds(2), dialogue=shown.dialogue).look().is_well
    with serving(lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        reading = Tcp(host="127.0.0.1", port=port, timeout=Seconds(0.3), dialogue=shown.dialogue).look()
    assert not reading.is_well
