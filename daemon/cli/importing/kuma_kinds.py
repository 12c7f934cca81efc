"""Each type of Uptime Kuma's monitors as a kind of probe."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from daemon.cli.importing.backup import Given
from daemon.cli.importing.kuma_http import http
from daemon.cli.importing.watched import LEAST_TIMEOUT, RECORDS, Probe, host_of, plain, port_of, spelt
from daemon.config.yamltext import Digits, Value

_KEY = re.compile(r"[A-Za-z0-9._~-]{16,128}")
_PACKET = 56  # bytes; the default of both
_LEAST_PACKET, _MOST_PACKET = 16, 1_400
_FAMILIES = {"ipv4": "ipv4", "ipv6": "ipv6"}
_USER = re.compile(r"[^\s:/@$\\]{1,63}")

Proxies = Mapping[str, Any]


def _placed(monitor: Given, kind: str, *, port: bool = True) -> Probe | None:
    """Host and port, with what every kind has in common."""
    host = host_of(monitor.text("hostname").strip())
    if not host:
        monitor.left("hostname", "is neither a name nor an address")
        return None
    found: Probe = {"type": kind, "host": plain(host)}
    if port:
        number = port_of(monitor.text("port"))
        if not number:
            monitor.left("port", "is not a port")
            return None
        found["port"] = number
    return found | in_common(monitor)


def in_common(monitor: Given) -> Probe:
    """The longest that a look may take, and over what."""
    found: Probe = {}
    if (timeout := monitor.number("timeout")) >= LEAST_TIMEOUT:
        found["timeout"] = spelt(timeout)
    if family := _FAMILIES.get(monitor.text("ipFamily")):
        found["family"] = family
    return found


def _port(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
    del name, proxies
    return _placed(monitor, "tcp")


def _ping(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
    del name, proxies
    found = _placed(monitor, "ping", port=False)
    size = int(monitor.number("packetSize"))
    if found is not None and size not in (0, _PACKET):
        if _LEAST_PACKET <= size <= _MOST_PACKET:
            found["size"] = Digits(size)
        else:
            monitor.left("packetSize", f"a packet has {_LEAST_PACKET} to {_MOST_PACKET} bytes")
    return found


def _dns(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
    del name, proxies
    asked = monitor.text("hostname").strip()
    record = monitor.text("dns_resolve_type").upper() or "A"
    if not host_of(asked) or record not in RECORDS:
        monitor.left("hostname" if record in RECORDS else "dns_resolve_type", "cannot be asked of a name server")
        return None
    found: Probe = {"type": "dns", "name": plain(asked)} | in_common(monitor)
    found.pop("family", None)
    if record != "A":
        found["record"] = record
    servers = [one.strip() for one in monitor.text("dns_resolve_server").split(",") if one.strip()]
    if servers and (server := host_of(servers[0])):
        port = port_of(monitor.text("port")) or "53"
        bracketed = f"[{server}]" if ":" in server and port != "53" else server
        found["server"] = bracketed if port == "53" else f"{bracketed}:{port}"
    elif servers:
        monitor.left("dns_resolve_server", "is neither a name nor an address; the machine's own is asked")
    for other in servers[1:]:
        monitor.left("dns_resolve_server", f"one server is asked; a probe of its own asks {plain(other)}")
    return found


def _push(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
    del proxies
    token = monitor.text("pushToken")
    usable = _KEY.fullmatch(token)
    about = "what it calls itself by: /ping/<key>"
    if not usable:
        monitor.ledger.hide(token)
        about += "; 16 characters or more, as `openssl rand -hex 16` makes them"
    monitor.differs("is called at POST /ping/<key> in place of /api/push/<token>: change whoever calls it")
    key = monitor.ledger.secret(f"{name}_key", monitor.place, about, token if usable else None)
    return {"type": "heartbeat", "key": key, "get": True}


def _connection(monitor: Given, schemes: tuple[str, ...]) -> SplitResult | None:
    """The address of a database; its password is never told."""
    text = monitor.text("databaseConnectionString").strip()
    monitor.ledger.hide(text)
    try:
        parts = urlsplit(text)
        monitor.ledger.hide(unquote(parts.password or ""))
        usable = parts.scheme in schemes and host_of(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        monitor.left("databaseConnectionString", f"is not an address that begins with {schemes[0]}://")
        return None
    return parts


def _database(kind: str, schemes: tuple[str, ...], default: str) -> Callable[[Given, str, Proxies], Probe | None]:
    def make(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
        del name, proxies
        parts = _connection(monitor, schemes)
        if parts is None:
            return None
        if monitor.text("databaseQuery").strip():
            monitor.left("databaseQuery", "no query is run: tocsin sees whether the server takes connections")
        found: Probe = {"type": kind, "host": plain(str(parts.hostname))}
        if parts.port and str(parts.port) != default:
            found["port"] = Digits(parts.port)
        user = unquote(parts.username or "")
        if _USER.fullmatch(user):
            found["user"] = plain(user)
        return found | in_common(monitor)

    return make


def _redis(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
    del proxies
    parts = _connection(monitor, ("redis", "rediss"))
    if parts is None:
        return None
    found: dict[str, Value] = {"type": "redis", "host": plain(str(parts.hostname))}
    if parts.port and parts.port != 6379:  # noqa: PLR2004 - its default
        found["port"] = Digits(parts.port)
    if parts.scheme == "rediss":
        found["tls"] = True
        if monitor.flag("ignoreTls"):
            found["verify"] = False
    if parts.password:
        user = unquote(parts.username or "")
        if _USER.fullmatch(user) and user != "default":
            found["user"] = plain(user)
        found["password"] = monitor.ledger.secret(
            f"{name}_password", monitor.place, "the password", unquote(parts.password)
        )
    return found | in_common(monitor)


def _smtp(monitor: Given, name: str, proxies: Proxies) -> Probe | None:
    del name, proxies
    found = _placed(monitor, "smtp")
    security = monitor.text("smtpSecurity")
    if found is not None and security in ("secure", "starttls"):
        found["tls" if security == "secure" else "starttls"] = True
    return found


Make = Callable[[Given, str, Proxies], Probe | None]

KINDS: dict[str, Make] = {
    "http": http,
    "keyword": http,
    "json-query": http,
    "port": _port,
    "ping": _ping,
    "dns": _dns,
    "push": _push,
    "postgres": _database("postgres", ("postgres", "postgresql"), "5432"),
    "mysql": _database("mysql", ("mysql", "mariadb"), "3306"),
    "redis": _redis,
    "smtp": _smtp,
}
LEFT = {
    "docker": "containers are not looked at: look at what the container serves, or at its process",
    "grpc-keyword": "tocsin does not speak gRPC: look at the port, or at a page of health",
    "real-browser": "no browser is run: look at the page with http",
    "kafka-producer": "nothing is written to Kafka; kafka_lag sees how far behind consumers are",
    "mqtt": "tocsin does not speak MQTT: look at the port",
    "radius": "tocsin does not speak RADIUS",
    "snmp": "tocsin does not speak SNMP; a Nagios plug-in does (command)",
    "sqlserver": "tocsin does not speak to SQL Server: look at the port",
    "oracledb": "tocsin does not speak to Oracle: look at the port",
    "mongodb": "tocsin does not speak to MongoDB: look at the port",
    "rabbitmq": "tocsin does not ask RabbitMQ: look at its page of health with http",
    "manual": "what people say by hand is no probe",
    "system-service": "services of this machine are looked at with process or service",
    "pm2": "services of this machine are looked at with process or service",
}
