"""The service's files fit the daemon, and each other."""

import configparser
import re

from daemon.app import STOP_WITHIN
from tree import ROOT


def ini(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=(";", "#"))
    parser.optionxform = str
    parser.read(ROOT / name)
    return parser


def script(name: str) -> str:
    match = re.search(rf"^{name}=(\S+)", (ROOT / "init.d/tocsin").read_text(), re.MULTILINE)
    assert match
    return match[1]


def test_nobody_kills_a_daemon_that_is_still_finishing_its_work() -> None:
    """Requests and sends each have STOP_WITHIN, one after the other."""
    needs = 2 * STOP_WITHIN
    waits = float(ini("etc/supervisord.conf")["program:tocsin"]["stopwaitsecs"])
    assert needs < waits < float(script("TOCSIN_STOP_WAIT"))
    assert needs < float(ini("etc/tocsin.service")["Service"]["TimeoutStopSec"])


def test_supervisord_never_gives_up() -> None:
    program = ini("etc/supervisord.conf")["program:tocsin"]
    assert program["autorestart"] == "true"
    assert int(program["startretries"]) >= 10**9
    unit = ini("etc/tocsin.service")
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_all_three_run_the_same_command() -> None:
    home, etc = script("TOCSIN_HOME"), script("TOCSIN_ETC")
    command = f"{home}/bin/tocsind --config {etc}/tocsin.yml"
    assert ini("etc/tocsin.service")["Service"]["ExecStart"] == command
    assert ini("etc/supervisord.conf")["program:tocsin"]["command"] == f"{script('SELF')} foreground"
    assert 'exec "$TOCSIND" --config "$CONFIG" --user "$TOCSIN_USER"' in (ROOT / "init.d/tocsin").read_text()


def test_the_unit_waits_for_readiness_and_drops_what_it_does_not_need() -> None:
    service = ini("etc/tocsin.service")["Service"]
    assert service["Type"] == "notify"
    assert service["User"] == script("TOCSIN_USER")
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    hardening = ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictNamespaces", "LockPersonality")
    assert [service[name] for name in hardening] == ["yes"] * len(hardening)
    assert service["ProtectSystem"] == "strict"


def test_the_init_script_has_the_header_that_insserv_and_systemd_read() -> None:
    head = (ROOT / "init.d/tocsin").read_text().partition("PATH=")[0]
    block = head.partition("### BEGIN INIT INFO\n")[2].partition("### END INIT INFO")[0]
    fields = dict(re.findall(r"^# ([\w-]+):\s+(.+)$", block, re.MULTILINE))
    assert fields["Provides"] == "tocsin"
    assert fields["Default-Start"] == "2 3 4 5"
    assert fields["Default-Stop"] == "0 1 6"
    assert {"Required-Start", "Required-Stop", "Short-Description"} <= fields.keys()
    # without this hint systemd's generator shows a dead daemon as active
    assert "# pidfile: /run/tocsin/tocsin.pid" in head


def test_the_supervisors_door_is_for_root_only() -> None:
    conf = ini("etc/supervisord.conf")
    assert conf["unix_http_server"]["chmod"] == "0700"
    assert "inet_http_server" not in conf
