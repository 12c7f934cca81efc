"""Prometheus' text formats: which of them somebody asks for, and how their lines are written."""

import math
import re

import msgspec

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
END = b"# EOF\n"  # the last line of OpenMetrics, and of no other

_OPENMETRICS = "application/openmetrics-text"
_MOST = 20  # formats that one request may offer; the others it would not have wanted most
_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_NAME = re.compile(r"[^a-zA-Z0-9_:]")


class Form(msgspec.Struct, frozen=True):
    """How the page is written. All names on it are plain ones, so no way of escaping names changes anything."""

    content_type: str = PLAIN
    is_openmetrics: bool = False

    def heading(self, name: str, kind: str, text: str) -> str:
        """The lines above all samples of a family; OpenMetrics calls a counter's family by its name alone."""
        family = name.removesuffix("_total") if self.is_openmetrics and kind == "counter" else name
        said = text.replace("\\", "\\\\").replace("\n", "\\n")
        if self.is_openmetrics:
            said = said.replace('"', '\\"')
        return f"# HELP {family} {said}\n# TYPE {family} {kind}\n"


TEXT = Form()
OPENMETRICS = Form(f"{_OPENMETRICS}; version=1.0.0; charset=utf-8", is_openmetrics=True)


def asked(accept: str) -> Form:
    """The best of what is offered that can be written; 0.0.4 for whoever offers none of it."""
    best, weight = TEXT, 0.0
    for offer in accept.lower().split(",", _MOST)[:_MOST]:
        kind, *rest = (part.strip() for part in offer.split(";"))
        given = {name.strip(): value.strip().strip('"') for name, _, value in (one.partition("=") for one in rest)}
        form = _form(kind, given.get("version", ""), given.get("escaping", ""))
        much = _weight(given.get("q", "1"))
        if form is not None and much > weight:
            best, weight = form, much
    return best


def escaped(value: str) -> str:
    """A label's value as it stands between its quotes."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()  # half a pair of UTF-16 has no place in UTF-8
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def metric_name(text: str) -> str:
    """Make a name that every Prometheus takes of whatever somebody called his series."""
    made = _NAME.sub("_", text) or "_"
    return f"_{made}" if made[0].isdigit() else made


def label_name(text: str) -> str:
    """The same of a label; two underscores at its beginning are Prometheus' own."""
    made = _LABEL.sub("_", text) or "_"
    if made.startswith("__"):
        made = f"label{made}"
    return f"_{made}" if made[0].isdigit() else made


def number(value: float) -> str:
    """A finite value, in as few digits as say all of it."""
    whole = float(value)
    return str(int(whole)) if whole.is_integer() and abs(whole) < 1e15 else repr(whole)  # noqa: PLR2004 - exact


def _form(kind: str, version: str, escaping: str) -> Form | None:
    names = "allow-utf-8" if escaping == "allow-utf-8" else "underscores"
    match kind, version:
        case ("application/openmetrics-text", ""):
            return OPENMETRICS
        case ("application/openmetrics-text", "1.0.0"):
            return Form(f"{OPENMETRICS.content_type}; escaping={names}", is_openmetrics=True)
        case ("text/plain", "1.0.0"):
            return Form(f"text/plain; version=1.0.0; charset=utf-8; escaping={names}")
        case ("text/plain", "" | "0.0.4") | ("text/*" | "*/*", _):
            return TEXT
    return None


def _weight(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if math.isfinite(found) else 0.0
