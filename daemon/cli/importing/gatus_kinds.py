"""The kinds of Gatus's endpoints, by the beginning of their address."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from daemon.cli.importing.files import path_of
from daemon.cli.importing.gatus_conditions import Meaning
from daemon.cli.importing.ledger import Reference
from daemon.cli.importing.part import Part
from daemon.cli.importing.watched import (
    RECORDS,
    Probe,
    host_of,
    http_address,
    method_of,
    plain,
    port_of,
    written_address,
    written_headers,
)
from daemon.config.yamltext import Digits, Value
from daemon.urls import host_port

HOPS = Digits("10")  # redirects that Gatus follows
_REFERENCE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_FAMILIES = {"ip4": "ipv4", "ip6": "ipv6"}
_LEFT = {
    "dns-resolver": "names are looked up by the machine's own servers",
    "oauth2": "tocsin has no OAuth 2.0: it looks without credentials until it is given `bearer`",
    "identity-aware-proxy": "tocsin has no such credentials: it looks without them",
    "tunnel": "nothing is looked at through SSH",
}
_ELSEWHERE = frozenset(("timeout", "ignore-redirect"))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint, and what the configuration says of all of them."""

    part: Part
    fields: dict[str, Part]
    defaults: Mapping[str, Mapping[str, Part]]  # of alerts, by provider
    folder: str

    def text(self, key: str) -> str:
        """Read a text; empty where there is none."""
        return self.fields[key].text() if key in self.fields else ""

    def table(self, key: str) -> dict[str, Part]:
        """Read a mapping; empty where there is none."""
        return self.fields[key].table() if key in self.fields else {}


def _http(endpoint: Endpoint, name: str) -> Probe | None:
    part = endpoint.fields["url"]
    found: dict[str, Value] = {"type": "http"}
    url = expanded(part)
    parts = http_address(_REFERENCE.sub("x", part.text()) if isinstance(url, Reference) else url)
    if parts is None:
        part.left("is not an http:// or https:// address")
        return None
    ledger = part.ledger
    found["url"] = url if isinstance(url, Reference) else written_address(ledger, parts, name, part.place)
    method = method_of(endpoint.text("method") or "GET")
    if not method:
        endpoint.fields["method"].left("is not a method of HTTP; GET is used")
    given: dict[str, str] = {key: expanded(one) for key, one in endpoint.table("headers").items()}
    if "body" in endpoint.fields and endpoint.text("body"):
        body = _filled(endpoint)
        if "graphql" in endpoint.fields and endpoint.fields["graphql"].flag():
            body, given = json.dumps({"query": body}, ensure_ascii=False), {"Content-Type": "application/json"} | given
        found["body"] = ledger.secret(f"{name}_body", endpoint.fields["body"].place, "the body to send", body)
    if method and method != "GET":
        found["method"] = method
    found["headers"], refused = written_headers(ledger, given, name, part.place)
    for header in refused:
        endpoint.fields["headers"].left(f"the header {header[:60]!r} cannot be sent")
    return {**found, **_client(endpoint, name, follows=True)}


def _filled(endpoint: Endpoint) -> str:
    """The body, with what Gatus puts into it."""
    body = endpoint.text("body")
    for key in ("name", "group", "url"):
        body = body.replace(f"[ENDPOINT_{key.upper()}]", endpoint.text(key))
    if "[RANDOM_STRING_" in body:
        endpoint.fields["body"].left("no random text is put into it")
    return body


def _client(endpoint: Endpoint, name: str, *, follows: bool = False, tls: bool = True) -> Probe:
    """How the target is reached. `follows` where there are redirects, `tls` where there may be certificates."""
    found: Probe = {}
    client = endpoint.table("client")
    if follows and not ("ignore-redirect" in client and client["ignore-redirect"].flag()):
        found["redirects"] = HOPS
    for key, part in client.items():
        if key == "insecure" or key in _ELSEWHERE:
            if key == "insecure" and tls and part.flag():
                found["verify"] = False
        elif key == "network":
            found |= {"family": _FAMILIES[part.text()]} if part.text() in _FAMILIES else {}
        elif key == "proxy-url" and follows:
            found |= _proxy(part, name)
        elif key == "tls" and tls:
            found |= _certificate(part, endpoint.folder)
        elif not part.is_nothing:
            part.left(_LEFT.get(key) or "tocsin does not know this setting")
    return found


def _proxy(part: Part, name: str) -> Probe:
    url = expanded(part)
    if isinstance(url, Reference):
        return {"proxy": url}
    parts = http_address(url)
    if parts is None or parts.scheme != "http" or not parts.port:
        part.left("is not http://host:port, and no proxy that is used")
        return {}
    return {"proxy": part.ledger.secret(f"{name}_proxy", part.place, "the proxy", url)}


def _certificate(part: Part, folder: str) -> Probe:
    fields = part.table()
    wanted = {"certificate-file": "cert_file", "private-key-file": "key_file"}
    for key, one in fields.items():
        if key not in wanted:
            one.left("tocsin does not know this setting")
    return {
        ours: part.ledger.file(path_of(fields[key], folder), part.place)
        for key, ours in wanted.items()
        if key in fields
    }


def _placed(kind: str, default: str = "", **more: Value) -> Callable[[Endpoint, str], Probe | None]:
    """A kind that looks at host and port."""

    def make(endpoint: Endpoint, name: str) -> Probe | None:
        part = endpoint.fields["url"]
        parts = _place(part.text())
        host = host_of(parts.hostname or "") if parts else ""
        port = port_of(str(parts.port or default)) if parts else ""
        if not host or not port:
            part.left("is not host:port")
            return None
        if "ssh" in endpoint.fields and not endpoint.fields["ssh"].is_nothing:
            endpoint.fields["ssh"].left("nobody logs in: tocsin sees whether the server introduces itself")
        if endpoint.text("body"):
            endpoint.fields["body"].left("what is sent there is written as a `dialogue` of tcp")
        probe: Probe = {"type": kind, "host": plain(host), "port": port, **more}
        return probe | _client(endpoint, name, tls=bool(more))

    return make


def _place(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _icmp(endpoint: Endpoint, name: str) -> Probe | None:
    part = endpoint.fields["url"]
    host = host_of(part.text().partition("://")[2].strip("/"))
    if not host:
        part.left("is neither a name nor an address")
        return None
    return {"type": "ping", "host": plain(host)} | _client(endpoint, name, tls=False)


def _dns(endpoint: Endpoint, name: str) -> Probe | None:
    """The url is the server, with or without a port."""
    fields = endpoint.table("dns")
    asked, record = (fields[key].text() if key in fields else "" for key in ("query-name", "query-type"))
    server, _, port = endpoint.text("url").rpartition(":")
    if not port_of(port) or (":" in server and not server.endswith("]")):
        server, port = endpoint.text("url"), "53"
    server = host_of(server)
    if not server or not host_of(asked) or (record.upper() or "A") not in RECORDS:
        endpoint.fields["dns"].left("must ask a server for a name, and for a record that tocsin knows")
        return None
    found: Probe = {"type": "dns", "name": plain(asked), "server": server, "least": Digits("0")}
    if record.upper() not in ("", "A"):
        found["record"] = record.upper()
    if port != "53":
        found["server"] = host_port(server, port)
    found |= _client(endpoint, name, tls=False)
    found.pop("family", None)
    return found


def expanded(part: Part) -> str:
    """A text in which Gatus would put what the environment says: as a reference of tocsin's."""
    text = part.text()
    if not _REFERENCE.search(text):
        return text
    names = [one or other for one, other in _REFERENCE.findall(text) if one or other]
    if not names:
        return text.replace("$$", "$")
    for name in names:
        part.ledger.variable(name, part.place)
    pieces = _REFERENCE.split(text)
    written = pieces[0].replace("$", "$$")
    for one, other, rest in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        named = one or other
        written += (f"${{{named}}}" if named else "$$") + rest.replace("$", "$$")
    return Reference(written)


NOT = {
    "udp": "tocsin does not know what to send there: write a probe of the type udp",
    "sctp": "tocsin does not look at SCTP",
    "ws": "tocsin does not speak WebSocket: look at the page with http, or at the port",
    "wss": "tocsin does not speak WebSocket: look at the page with http, or at the port with its certificate",
    "grpc": "tocsin does not speak gRPC: look at the port",
    "grpcs": "tocsin does not speak gRPC: look at the port with its certificate",
}
_IN_COMMON = {"RESPONSE_TIME": "time", "IP": "ip"}
_SECURED = {**_IN_COMMON, "CERTIFICATE_EXPIRATION": "cert.days"}
KINDS: dict[str, tuple[Callable[[Endpoint, str], Probe | None], Meaning]] = {
    "http": (_http, Meaning({**_SECURED, "STATUS": "status"}, body="body")),
    "https": (_http, Meaning({**_SECURED, "STATUS": "status"}, body="body")),
    "tcp": (_placed("tcp"), Meaning(_IN_COMMON)),
    "tls": (_placed("tcp", tls=True), Meaning(_SECURED)),
    "starttls": (_placed("smtp", starttls=True), Meaning(_SECURED)),
    "ssh": (_placed("ssh", "22"), Meaning(_IN_COMMON)),
    "icmp": (_icmp, Meaning({"RESPONSE_TIME": "rtt", "IP": "ip"})),
    "dns": (_dns, Meaning({"RESPONSE_TIME": "time", "DNS_RCODE": "rcode"}, body="answers")),
}
