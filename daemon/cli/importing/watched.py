"""What the imports of probes have in common: names, labels, addresses, headers, and what conditions are made of."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit

from daemon.cli.importing.ledger import Ledger, Reference
from daemon.cli.importing.names import Names
from daemon.config.findings import Path, Place, quoted
from daemon.config.yamltext import Digits, Value
from daemon.probes.fetch.grammar import is_token, is_value
from daemon.secret import is_telling

Probe = dict[str, Value]

MOST_RETRIES = 100  # readings that are counted
USUAL = 2  # readings that make a verdict, where nothing else is said
LEAST_EVERY = 1.0  # seconds from one look to the next
LEAST_TIMEOUT = 0.05
CENTURY = 100 * 365 * 86_400.0

RECORDS = frozenset(("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"))

# What a label of an alarm is already called, or cannot be called where labels are matched.
_TAKEN = frozenset(("probe", "type", "verdict", "depends_on", "severity"))
_NO_LABEL = re.compile(r"[\s=!~{}\",'$\\]+")
_HOST = re.compile(r"[^\s/@\[\]:$\\?#%]{1,253}")
_ADDRESS = re.compile(r"\[?([0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z]{1,15})?)\]?")
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_STATUS = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?", re.ASCII)
_HARMLESS = frozenset(("accept", "accept-language", "cache-control", "content-type", "user-agent", "host", "origin"))
_FILE = "file:"
HIGHEST_PORT = 65_535


@dataclass(slots=True)
class Carried:
    """The probes that were made, and what there is to say of them."""

    ledger: Ledger
    probes: dict[str, Probe] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)
    _renamed: int = 0

    def name(self, wanted: str, place: Place, path: Path) -> str:
        """A name for a probe, as near to the wanted one as possible."""
        name = self._names.take(wanted)
        if name != wanted:
            self._renamed += 1
            if self._renamed == 1:
                sentence = (
                    f"the name {quoted(wanted)} becomes {name}, and other names likewise: no spaces, none of / , :"
                )
                self.ledger.differs(place, path, sentence)
        return name

    def add(self, name: str, probe: Probe) -> None:
        """Keep it, without what is empty."""
        self.probes[name] = {key: one for key, one in probe.items() if one not in ("", [], {})}


def labels(pairs: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """As labels of an alarm: names that matchers can name, several values of one joined."""
    found: dict[str, str] = {}
    for name, given in pairs:
        base = _NO_LABEL.sub("_", name.strip()).strip("_") or "tag"
        base = f"tag_{base}" if base in _TAKEN else base
        value = plain(given.strip() or "yes")
        found[base] = f"{found[base]}, {value}" if base in found else value
    return dict(found)


def plain(text: str) -> str:
    """A text that is meant as it stands: one that begins like a reference to a file does not any more."""
    return f" {text}" if text.startswith(_FILE) else text


def spelt(seconds: float) -> str:
    """A duration as it is written in the file."""
    whole = round(seconds)
    if abs(whole - seconds) > 1e-9:  # noqa: PLR2004 - what floats leave over
        return f"{max(1, round(seconds * 1000))}ms"
    for unit, factor in (("h", 3600), ("m", 60)):
        if whole and whole % factor == 0:
            return f"{whole // factor}{unit}"
    return f"{whole}s"


def literal(text: str) -> str:
    """A value as conditions compare with it: a number, true, false and null as they are, else a text in quotes."""
    if _NUMBER.fullmatch(text) or text in ("true", "false", "null"):
        return text
    return quoted_text(text)


def quoted_text(text: str) -> str:
    """A text in a condition's quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def pattern_of(text: str) -> str:
    """A pattern in a condition's quotes, where a backslash stays."""
    return '"' + re.sub(r'\\(?=["\\n])', r"\\\\", text).replace('"', '\\"').replace("\n", "\\n") + '"'


def host_of(text: str) -> str:
    """A host name or address; empty when it is none."""
    match = _ADDRESS.fullmatch(text)
    if match and ":" in match[1]:
        return match[1] if _is_address(match[1].partition("%")[0]) else ""
    try:
        return text if _HOST.fullmatch(text) and text.encode("idna") else ""
    except UnicodeError:
        return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def port_of(text: str) -> Digits:
    """A port's number; empty when it is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST_PORT)) else 0
    return Digits(number if 0 < number <= HIGHEST_PORT else "")


def codes_of(text: str) -> str:
    """A status code or a range of them; empty when it is none."""
    match = _STATUS.fullmatch(text.strip())
    return match[0] if match and int(match[1]) <= int(match[2] or match[1]) else ""


def method_of(text: str) -> str:
    """A request's method; empty when it is none."""
    return text.upper() if is_token(text) and len(text) <= 32 else ""  # noqa: PLR2004


def http_address(text: str) -> SplitResult | None:
    """Take an http:// or https:// address apart; None when it is none."""
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        usable = parts.scheme in ("http", "https") and host and parts.port != 0
        _ = host.encode("idna") if ":" not in host else b""
    except ValueError:
        return None
    return parts if usable and text.strip().isprintable() and " " not in text.strip() else None


def written_address(ledger: Ledger, parts: SplitResult, name: str, place: Place) -> str:
    """The address as it is written: one that carries credentials goes to the environment."""
    telling = any(is_telling(key) for key, _ in parse_qsl(parts.query, keep_blank_values=True))
    if parts.username is None and parts.password is None and not telling:
        return plain(parts.geturl())
    return ledger.secret(f"{name}_url", place, "the address to look at", parts.geturl())


def written_headers(ledger: Ledger, given: Mapping[str, str], name: str, place: Place) -> tuple[Probe, list[str]]:
    """Headers as they are written, and the names of those that cannot be sent."""
    found: Probe = {}
    refused = []
    for header, value in given.items():
        if not is_token(header) or not is_value(value):
            refused.append(header)
        elif isinstance(value, Reference) or (header.lower() in _HARMLESS and value):
            found[header] = value if isinstance(value, Reference) else plain(value)
        elif value:
            found[header] = ledger.secret(f"{name}_{header}", place, f"the header {header}", value)
    return found, refused
