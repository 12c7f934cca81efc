"""One of Gatus's endpoints as a probe."""

import re

from daemon.cli.importing.gatus_conditions import Meaning, Upside, translated
from daemon.cli.importing.gatus_kinds import KINDS, NOT, Endpoint
from daemon.cli.importing.part import Part
from daemon.cli.importing.watched import (
    LEAST_EVERY,
    LEAST_TIMEOUT,
    MOST_RETRIES,
    USUAL,
    Carried,
    Probe,
    labels,
    spelt,
)
from daemon.config.findings import quoted
from daemon.config.yamltext import Digits

_EVERY, _TIMEOUT = 60.0, 10.0  # the defaults, Gatus's and ours
_FAILURES, _SUCCESSES = 3, 2
_GO = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_REQUEST = frozenset(("url", "method", "headers", "body", "graphql", "client", "dns", "ssh"))
_KNOWN = _REQUEST | {"name", "group", "enabled", "interval", "conditions", "alerts", "extra-labels"}
_LEFT = {
    "maintenance-windows": "maintenance is announced with `tocsinctl maintenance`, or stands in time_intervals",
    "ui": "what a page shows of it is not carried over",
}


def carry(carried: Carried, endpoint: Endpoint) -> None:
    """Carry one over, or name why not."""
    name, url = endpoint.text("name"), endpoint.text("url")
    if not name or not url:
        endpoint.part.wrong("must have a name and a url")
        return
    scheme = "dns" if "dns" in endpoint.fields else url.partition("://")[0].lower()
    if "enabled" in endpoint.fields and not endpoint.fields["enabled"].flag():
        endpoint.part.left(f"{quoted(name)} is disabled, and left out")
        return
    kind = KINDS.get(scheme)
    if kind is None:
        endpoint.fields["url"].left(NOT.get(scheme) or "tocsin does not speak what this address asks for")
        return
    named = carried.name(name, endpoint.part.place, endpoint.part.path)
    make, meaning = kind
    probe = make(endpoint, named)
    try:
        if probe is not None:
            carried.add(named, _whole(endpoint, probe, meaning))
    except Upside:
        endpoint.part.left(f"{quoted(name)}: must not be reached, and has conditions on what it answers")


def _whole(endpoint: Endpoint, probe: Probe, meaning: Meaning) -> Probe:
    """With what all kinds have."""
    down = translated(endpoint.fields.get("conditions"), meaning, probe)
    if probe["type"] == "http" and not any(one.startswith("status ") for one in down):
        probe["status"] = ["100-599"]  # Gatus judges by the conditions alone
    found = {**probe, **_rhythm(endpoint), "down": down, "labels": labels(_pairs(endpoint))}
    for key, part in endpoint.fields.items():
        if key in _LEFT and not part.is_nothing:
            part.left(_LEFT[key])
        elif key not in _KNOWN:
            part.left("tocsin does not know this setting")
    return found


def _pairs(endpoint: Endpoint) -> list[tuple[str, str]]:
    group = endpoint.text("group")
    more = [(name, part.text()) for name, part in endpoint.table("extra-labels").items()]
    return ([("group", group)] if group else []) + more


def _rhythm(endpoint: Endpoint) -> Probe:
    """How often, and how many bad and good looks count."""
    found: Probe = {}
    if "interval" in endpoint.fields:
        every = go_duration(endpoint.fields["interval"])
        if every < LEAST_EVERY:
            endpoint.fields["interval"].left("a probe looks once a second at most; it looks once a minute")
        elif every != _EVERY:
            found["every"] = spelt(every)
    client = endpoint.table("client")
    if "timeout" in client and (timeout := go_duration(client["timeout"])) != _TIMEOUT:
        found["timeout"] = spelt(max(timeout, LEAST_TIMEOUT))
    alerts = endpoint.fields["alerts"].items() if "alerts" in endpoint.fields else []
    if alerts:
        failures = [_threshold(endpoint, one, "failure-threshold", _FAILURES) for one in alerts]
        successes = [_threshold(endpoint, one, "success-threshold", _SUCCESSES) for one in alerts]
        counts = {"fail_after": min(failures), "recover_after": min(successes)}
        found |= {key: Digits(count) for key, count in counts.items() if count != USUAL}
        endpoint.fields["alerts"].left("who is told is said by channels, receivers and route")
    return found


def _threshold(endpoint: Endpoint, alert: Part, key: str, otherwise: int) -> int:
    fields = alert.table()
    provider = fields["type"].text() if "type" in fields else ""
    part = fields.get(key) or endpoint.defaults.get(provider, {}).get(key)
    text = part.text() if part else str(otherwise)
    if not (text.isascii() and text.isdigit() and len(text) <= 4):  # noqa: PLR2004 - of a number that makes sense
        (part or alert).wrong(f"{quoted(text)} is not a number")
        return otherwise
    return min(max(1, int(text)), MOST_RETRIES)


def go_duration(part: Part) -> float:
    """Read a duration as Go writes it, in seconds."""
    text = part.text()
    found = _GO.findall(text)
    if "".join(number + unit for number, unit in found) != text or not found:
        if text != "0":
            part.wrong(f"{quoted(text)} is not a duration; write for example 30s, 5m or 1h30m")
        return 0.0
    return sum(float(number) * _SECONDS[unit] for number, unit in found)
