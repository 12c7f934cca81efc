"""Uptime Kuma's monitors of web pages: http, keyword, json-query."""

import re
from collections.abc import Mapping
from typing import Any

from daemon.cli.importing.backup import Given, sound
from daemon.cli.importing.watched import (
    LEAST_TIMEOUT,
    Probe,
    codes_of,
    host_of,
    http_address,
    literal,
    method_of,
    plain,
    port_of,
    quoted_text,
    spelt,
    written_address,
    written_headers,
)
from daemon.config.yamltext import Digits, Value
from daemon.urls import host_port

MOST_HOPS = 20
EXPIRES = 21  # days before which Uptime Kuma begins to warn

_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml; charset=utf-8",
}
# The part of JSONata that is a path.
_STEPS = re.compile(r"\$?\.?(?:[A-Za-z_][A-Za-z0-9_]*|\[-?\d{1,9}\])(?:\.[A-Za-z_][A-Za-z0-9_]*|\[-?\d{1,9}\])*")
_OPERATORS = {"": "==", "==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "contains": "has"}
_LIKE_NUMBERS = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_AUTH = {
    "oauth2-cc": "tocsin has no OAuth 2.0: it looks without credentials until it is given `bearer`",
    "ntlm": "tocsin has no NTLM: it looks without credentials",
    "mtls": "the certificate and its key belong into files: name them in cert_file and key_file",
}


def http(monitor: Given, name: str, proxies: Mapping[str, Any]) -> Probe | None:
    """Make the probe."""
    parts = http_address(monitor.text("url"))
    if parts is None:
        monitor.left("url", "is not an http:// or https:// address")
        return None
    found: dict[str, Value] = {
        "type": "http",
        "url": written_address(monitor.ledger, parts, name, monitor.place),
        **_request(monitor, name),
        **_answer(monitor),
        **_proxy(monitor, name, proxies),
    }
    if timeout := monitor.number("timeout"):
        found["timeout"] = spelt(max(timeout, LEAST_TIMEOUT))
    if (family := monitor.text("ipFamily")) in ("ipv4", "ipv6"):
        found["family"] = family
    if monitor.flag("ignoreTls"):
        found["verify"] = False
    found["down"] = [one for one in (_keyword(monitor), _query(monitor)) if one]
    if parts.scheme == "https" and monitor.flag("expiryNotification") and not monitor.flag("ignoreTls"):
        found["degraded"] = [f"cert.days > {EXPIRES}"]
    return found


def _request(monitor: Given, name: str) -> Probe:
    """Method, headers, body, credentials."""
    found: Probe = {}
    method = method_of(monitor.text("method") or "GET")
    if not method:
        monitor.left("method", "is not a method of HTTP; GET is used")
    elif method != "GET":
        found["method"] = method
    body = monitor.text("body")
    headers = _headers(monitor)
    if body:
        found["body"] = monitor.ledger.secret(f"{name}_body", monitor.place, "the body to send", body)
        kind = _TYPES.get(monitor.text("httpBodyEncoding") or "json")
        if kind and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = kind
    found["headers"], refused = written_headers(monitor.ledger, headers, name, monitor.place)
    for header in refused:
        monitor.left("headers", f"the header {header[:60]!r} cannot be sent")
    method = monitor.text("authMethod")
    user, password = monitor.text("basic_auth_user"), monitor.text("basic_auth_pass")
    if method in _AUTH:
        monitor.left("authMethod", _AUTH[method])
    elif user or password:
        about = "the password"
        secret = monitor.ledger.secret(f"{name}_password", monitor.place, about, password) if password else ""
        if secret and user:
            # One that reads like a reference to a file comes from the environment, where nothing is one.
            odd = plain(user) != user
            written = monitor.ledger.secret(f"{name}_user", monitor.place, "the user", user) if odd else user
            found["basic"] = {"user": written, "password": secret}
        else:
            monitor.left("basic_auth_user", "credentials have a user and a password; here is one of them")
    return found


def _headers(monitor: Given) -> dict[str, str]:
    given = monitor.inner("headers")
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(one, str | int | float) for one in given.values()):
        monitor.left("headers", "is not an object of texts, and left out")
        return {}
    return {sound(str(key)): sound(str(one)) for key, one in given.items()}


def _answer(monitor: Given) -> Probe:
    """What answer is well, and how many redirects lead to it."""
    found: Probe = {}
    given = [str(one) for one in monitor.items("accepted_statuscodes")]
    codes = [code for one in given if (code := codes_of(one))]
    for one in given:
        if not codes_of(one):
            monitor.left("accepted_statuscodes", f"{one[:20]!r} is neither a code nor a range")
    if codes:
        found["status"] = codes
    hops = int(monitor.number("maxredirects"))
    if hops > 0:
        found["redirects"] = Digits(min(hops, MOST_HOPS))
    return found


def _proxy(monitor: Given, name: str, proxies: Mapping[str, Any]) -> Probe:
    wanted = monitor.text("proxyId")
    if not wanted:
        return {}
    one = proxies.get(wanted)
    proxy = Given(monitor.ledger, monitor.place, monitor.path, one) if isinstance(one, dict) else None
    host, port = (host_of(proxy.text("host")), port_of(proxy.text("port"))) if proxy else ("", "")
    if proxy is None or proxy.text("protocol") != "http" or not host or not port:
        monitor.left("proxyId", "only proxies over HTTP are used; this one is left out")
        return {}
    if not proxy.flag("active", otherwise=True):
        return {}
    place = host_port(host, port)
    user, password = proxy.text("username"), proxy.text("password")
    if not proxy.flag("auth") or not user:
        return {"proxy": f"http://{place}"}
    monitor.ledger.hide(password)
    whole = f"http://{_escaped(user)}:{_escaped(password)}@{place}"
    return {"proxy": monitor.ledger.secret(f"{name}_proxy", monitor.place, "the proxy, with its password", whole)}


def _escaped(text: str) -> str:
    """As it stands in an address."""
    kept = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
    return "".join(chr(one) if one in kept else f"%{one:02X}" for one in text.encode("utf-8", "replace"))


def _keyword(monitor: Given) -> str:
    if monitor.text("type") != "keyword":
        return ""
    keyword = monitor.text("keyword")
    if not keyword:
        monitor.left("keyword", "is empty: nothing is searched")
        return ""
    return _bounded(
        monitor, "keyword", f"body {'not ' if monitor.flag('invertKeyword') else ''}has {quoted_text(keyword)}"
    )


def _query(monitor: Given) -> str:
    """A path of JSONata compared with a value."""
    if monitor.text("type") != "json-query":
        return ""
    query, wanted = monitor.text("jsonPath").strip(), monitor.text("expectedValue")
    operator = _OPERATORS.get(monitor.text("jsonPathOperator"))
    if query != "$" and not _STEPS.fullmatch(query):
        monitor.left("jsonPath", 'JSONata is not known here; write a path in `down:`, such as json "$.status" == "ok"')
        return ""
    if operator is None:
        monitor.left("jsonPathOperator", "is not an operator")
        return ""
    if operator in ("<", "<=", ">", ">=") and not _LIKE_NUMBERS.fullmatch(wanted):
        monitor.left("expectedValue", "is not a number")
        return ""
    steps = query.removeprefix("$").removeprefix(".")
    path = "$" + (f".{steps}" if steps and not steps.startswith("[") else steps)
    value = quoted_text(wanted) if operator == "has" else literal(wanted)
    return _bounded(monitor, "jsonPath", f'json "{path}" {operator} {value}')


def _bounded(monitor: Given, key: str, condition: str) -> str:
    if len(condition) > 1_900 or len(monitor.text("jsonPath")) > 400:  # noqa: PLR2004 - what conditions may have
        monitor.left(key, "is longer than a condition may be")
        return ""
    return condition
