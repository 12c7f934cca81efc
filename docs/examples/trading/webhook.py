"""Datadog's webhook integration: a template whose variables are filled in, posted to one address.

`webhook.json` is in the form of Datadog's own API (`POST /api/v1/integration/webhooks/configuration/webhooks`).
"""

import itertools
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor import Change, Monitor

VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")
TIMEOUT = 15.0  # seconds, as Datadog's
TRIES = 5
PAUSE = 1.0  # seconds between them
SERVER_ERROR = 500

_ids = itertools.count(7_300_000_000_000_000_001)


def fill(template: str, variables: Mapping[str, str]) -> str:
    """Fill in what is known, so that it fits between the quotes of JSON; what is not known stays as it is."""
    return VARIABLE.sub(lambda found: json.dumps(variables.get(found[1], found[0]))[1:-1], template)


def variables(monitor: Monitor, change: Change, milliseconds: int) -> dict[str, str]:
    """What Datadog knows of a change, by the names of its variables."""
    scope = f"{monitor.group}:{change.group}"
    event = str(next(_ids))
    over = change.transition == "Recovered"
    title = f"[{change.transition} on {{{scope}}}] {monitor.filled(monitor.name, change.group, change.value)}"
    bound = f"<= {monitor.recovery:.1f}" if over else f"> {monitor.threshold:.1f}"
    length = f"{monitor.window / 60:.0f}m"
    return {
        "ID": event,
        "ALERT_ID": "51234567",
        "ALERT_CYCLE_KEY": change.cycle,
        "AGGREG_KEY": f"{int(change.cycle):x}",
        "ALERT_TRANSITION": change.transition,
        "ALERT_TYPE": "success" if over else "error",
        "ALERT_PRIORITY": f"P{monitor.priority}",
        "ALERT_TITLE": title,
        "EVENT_TITLE": f"[P{monitor.priority}] {title}",
        "TEXT_ONLY_MSG": monitor.filled(monitor.message, change.group, change.value),
        "ALERT_STATUS": f"{monitor.metric} over {scope} was {bound} ({monitor.over}) during the last {length}.",
        "ALERT_SCOPE": scope,
        "ALERT_METRIC": monitor.metric,
        "ALERT_QUERY": monitor.query,
        "TAGS": ",".join(("monitor", *monitor.tags, scope)),
        "LINK": f"https://app.datadoghq.com/event/event?id={event}",
        "DATE": str(milliseconds),
        "LAST_UPDATED": str(milliseconds),
        "EVENT_TYPE": "query_alert_monitor",
        "ORG_ID": "123456",
        "HOSTNAME": "",
    }


@dataclass(frozen=True)
class Webhook:
    """Where to post what. `secrets` are the account's custom variables."""

    url: str
    payload: str
    headers: str
    secrets: Mapping[str, str]

    @classmethod
    def read(cls, written: dict[str, Any], url: str, secrets: Mapping[str, str]) -> "Webhook":
        """Take a webhook as Datadog's API takes it, but for its address."""
        return cls(url, written["payload"], written["custom_headers"], secrets)

    def post(self, values: Mapping[str, str], stop: threading.Event) -> str:
        """Post, again after a 5xx or a lost connection, as Datadog does; return what came of it, for people."""
        request = urllib.request.Request(
            self.url,
            fill(self.payload, values).encode(),
            {"Content-Type": "application/json"} | json.loads(fill(self.headers, self.secrets)),
        )
        for number in range(TRIES):
            said, is_final = _once(request)
            if is_final or number == TRIES - 1 or stop.wait(PAUSE):
                break
        return said


def _once(request: urllib.request.Request) -> tuple[str, bool]:
    """Post once; return what came of it, and whether that is the last word."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return f"{answer.status} {answer.read().decode()}", True
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.read().decode('utf-8', 'replace')}", error.code < SERVER_ERROR
    except OSError as error:
        return f"nobody there: {error}", False
