"""Gatus's configuration as probes of tocsin."""

from daemon.cli.importing.gatus_endpoints import carry, go_duration
from daemon.cli.importing.gatus_kinds import Endpoint
from daemon.cli.importing.imported import Imported, fragment
from daemon.cli.importing.ledger import Ledger
from daemon.cli.importing.part import Part, document
from daemon.cli.importing.watched import LEAST_EVERY, Carried, Probe, host_of, labels, port_of, spelt
from daemon.config.findings import Place
from daemon.config.yamltext import Value
from daemon.errors import ConfigError

_TOP = {
    "alerting": "who is told is said by channels, receivers and route, which are yours to write",
    "maintenance": "maintenance is announced with `tocsinctl maintenance`, or stands in time_intervals",
    "security": "who may see what is said by `auth`",
    "storage": "what was seen before stays in Gatus",
    "remote": "another instance is a node: `nodes`, and `from` of a probe",
    "suites": "steps that hand on values are not carried over: a script that makes them is a command",
    "tunneling": "nothing is looked at through SSH",
    "announcements": "announcements are not carried over",
}
_CARRIED = frozenset(("connectivity", "endpoints", "external-endpoints", "services"))
_NO_MATTER = frozenset(
    ("concurrency", "debug", "disable-monitoring-lock", "metrics", "skip-invalid-config-update", "ui", "web")
)
_KNOWN_EXTERNAL = frozenset(("name", "group", "token", "heartbeat", "enabled", "alerts", "maintenance-windows"))


def convert(text: str, file: str, folder: str) -> Imported:
    """Convert the text of `file`. Raises ConfigError with everything for which Gatus would refuse it, too."""
    ledger = Ledger()
    root = document(ledger, text, file)
    fields = root.table() if root else {}
    if not fields.keys() & {"endpoints", "services", "external-endpoints", "suites"}:
        ledger.wrong(Place(file, 1), (), "has no endpoints; is it Gatus's configuration?")
        raise ConfigError(ledger.findings.problems)
    carried = Carried(ledger)
    defaults = _default_alerts(fields.get("alerting"))
    for key in ("endpoints", "services"):
        for part in fields[key].items() if key in fields else []:
            carry(carried, Endpoint(part, part.table(), defaults, folder))
    for part in fields["external-endpoints"].items() if "external-endpoints" in fields else []:
        _external(carried, part)
    sight = _sight(fields.get("connectivity"))
    for key, part in fields.items():
        if not part.is_nothing and not key.startswith("x-") and key not in _NO_MATTER | _CARRIED:
            part.left(_TOP.get(key, "tocsin does not know this setting"))
    if ledger.findings.problems:
        raise ConfigError(ledger.findings.problems)
    return fragment(ledger, "Gatus", file, carried.probes, sight=sight)


def _default_alerts(part: Part | None) -> dict[str, dict[str, Part]]:
    """What `alerting` says of alerts that do not say it themselves, by provider."""
    found = {}
    for provider, one in (part.table() if part else {}).items():
        inside = one.table()
        if "default-alert" in inside:
            found[provider] = inside["default-alert"].table()
    return found


def _sight(part: Part | None) -> dict[str, Value]:
    """The target without which Gatus does not look at anything, as a reference."""
    checker = part.table().get("checker") if part else None
    if checker is None:
        return {}
    fields = checker.table()
    target = fields["target"].text() if "target" in fields else ""
    host, _, port = target.rpartition(":")
    if not host_of(host) or not port_of(port):
        checker.left("its target is not host:port")
        return {}
    found: dict[str, Value] = {"references": [target]}
    if "interval" in fields and (every := go_duration(fields["interval"])) >= LEAST_EVERY:
        found["every"] = spelt(every)
    return found


def _external(carried: Carried, part: Part) -> None:
    """Something that reports to Gatus. One that must do so in time is a heartbeat."""
    fields = part.table()
    name, group = (fields[key].text() if key in fields else "" for key in ("name", "group"))
    if not name:
        part.wrong("has no name")
        return
    heartbeat = fields["heartbeat"].table() if "heartbeat" in fields else {}
    every = go_duration(heartbeat["interval"]) if "interval" in heartbeat else 0.0
    if "token" in fields:
        carried.ledger.hide(fields["token"].text())
    if "enabled" in fields and not fields["enabled"].flag():
        part.left("is disabled, and left out")
    elif every < LEAST_EVERY:
        part.left("says how it is when it likes: that is a source (a webhook), no probe")
    else:
        named = carried.name(name, part.place, part.path)
        about = "what it calls itself by: 16 characters or more, as `openssl rand -hex 16` makes them"
        key = carried.ledger.secret(f"{named}_key", part.place, about, None)
        part.differs("is called at POST /ping/<key>, or /ping/<key>/fail: change whoever calls it")
        found: Probe = {"type": "heartbeat", "key": key, "every": spelt(every), "grace": "10s"}
        carried.add(named, {**found, "labels": labels([("group", group)] if group else [])})
        for key_, one in fields.items():
            if key_ not in _KNOWN_EXTERNAL:
                one.left("tocsin does not know this setting")
            elif key_ in ("alerts", "maintenance-windows") and not one.is_nothing:
                one.left("who is told, and when not, is said by receivers and route")
