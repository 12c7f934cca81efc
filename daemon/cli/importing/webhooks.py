"""One of Alertmanager's `webhook_configs` as a channel of tocsin's kind `webhook`."""

import base64
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from daemon.cli.importing.files import left_in, path_of
from daemon.cli.importing.ledger import Ledger, Reference
from daemon.cli.importing.part import Part
from daemon.config.findings import quoted
from daemon.config.yamltext import Value

_NO_LIMIT = "0"
_SHORTEST = 0.05  # seconds that a channel's `timeout` is at least
_WEBHOOK = frozenset(("url", "url_file", "send_resolved", "http_config", "timeout"))
_CREDENTIALS = ("basic_auth", "authorization", "bearer_token", "bearer_token_file", "oauth2")
_PROXY = frozenset(("proxy_url", "proxy_from_environment"))
_NO_MATTER = frozenset(("enable_http2", "no_proxy", "proxy_connect_header"))  # alone they do nothing that counts
_RESERVED = frozenset(("host", "content-length", "content-type", "connection", "transfer-encoding"))

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

Channel = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Makes channels. Secrets are put into the environment, or stay in the files that they are in."""

    ledger: Ledger
    http_config: Part | None  # of `global`
    folder: str

    def channel(self, name: str, part: Part) -> Channel | None:
        """Make the channel `name`; None when there is nothing to post to."""
        fields = part.table()
        config = fields.get("http_config", self.http_config)
        http = config.table() if config else {}
        if ("url" in fields) == ("url_file" in fields):
            part.wrong("must have one of url and url_file")
            return None
        given = [key for key in _CREDENTIALS if key in http]
        if len(given) > 1 and config:
            config.wrong(f"has credentials twice: {' and '.join(given)}")
        made: Channel = {"type": "webhook", "url": self._url(name, fields, bool(given))}
        if "timeout" in fields and (seconds := fields["timeout"].duration()):
            if seconds >= _SHORTEST:
                made["timeout"] = fields["timeout"].text()
            else:
                fields["timeout"].left(f"a try has at least {_SHORTEST} s")
        for key in fields.keys() - _WEBHOOK:
            if key != "max_alerts" or fields[key].text() != _NO_LIMIT:
                fields[key].left("tocsin's webhooks have no such setting")
        self._http(name, http, made)
        return made

    def _url(self, name: str, fields: dict[str, Part], has_credentials: bool) -> Value:
        if "url_file" in fields:
            return left_in(fields["url_file"], self.folder)
        part = fields["url"]
        text = part.text()
        self.ledger.hide(text)
        parts = _address(text)
        if parts is None:
            part.wrong("is not an http:// or https:// address")
            return ""
        if parts.username is not None and has_credentials:
            part.differs("the user in the address is left out, because http_config has credentials, too")
            parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        if _is_harmless(parts):
            return parts.geturl()
        return self.ledger.secret(f"{name}_url", part.place, "the address to post to", parts.geturl())

    def _http(self, name: str, http: dict[str, Part], made: Channel) -> None:
        """Carry `http_config` over, as far as there is something like it."""
        headers: Channel = {}
        for key, part in http.items():
            if key in _CREDENTIALS:
                self._credentials(name, key, part, made, headers)
            elif key == "tls_config":
                self._tls(part, made)
            elif key == "http_headers":
                self._headers(name, part, headers)
            elif key == "follow_redirects":
                if part.flag():
                    part.left("tocsin follows no redirect: write the address that it leads to")
            elif key not in _NO_MATTER:
                part.left("tocsin uses no proxy" if key in _PROXY else "tocsin's webhooks have no such setting")
        if headers:
            made["headers"] = headers

    def _credentials(self, name: str, key: str, part: Part, made: Channel, headers: Channel) -> None:
        if key == "basic_auth":
            headers["Authorization"] = self._basic(name, part)
        elif key == "authorization":
            self._authorization(name, part, made, headers)
        elif key == "bearer_token":
            made["token"] = self.ledger.secret(f"{name}_token", part.place, "the bearer token", part.text())
        elif key == "bearer_token_file":
            made["token"] = left_in(part, self.folder)
        else:
            part.left("tocsin has no OAuth 2.0: these webhooks carry no credentials until they are given some")

    def _basic(self, name: str, part: Part) -> Value:
        fields = part.table()
        for key in fields.keys() - {"username", "username_file", "password", "password_file"}:
            fields[key].left("tocsin does not know this setting")
        about = "base64 of user:password, as `printf %s 'user:password' | base64 -w0` prints it"
        value = None
        if not fields.keys() & {"username_file", "password_file"}:
            user, password = (fields[key].text() if key in fields else "" for key in ("username", "password"))
            self.ledger.hide(password)
            value = base64.b64encode(f"{user}:{password}".encode()).decode()
        elif "password_file" in fields:
            about += f"; the password is in {path_of(fields['password_file'], self.folder)}"
        return Reference("Basic " + self.ledger.secret(f"{name}_basic", part.place, about, value))

    def _authorization(self, name: str, part: Part, made: Channel, headers: Channel) -> None:
        fields = part.table()
        kind = fields["type"].text() if "type" in fields else "Bearer"
        from_file = fields.get("credentials_file")
        value = fields["credentials"].text() if "credentials" in fields else None
        if not _SCHEME.fullmatch(kind):
            fields["type"].wrong("is not the name of a kind of credentials; write for example Bearer")
        elif not value and not from_file:
            part.left("there are no credentials in it")
        elif kind.lower() == "bearer":
            about = "the bearer token"
            made["token"] = (
                left_in(from_file, self.folder)
                if from_file
                else self.ledger.secret(f"{name}_token", part.place, about, value)
            )
        else:
            about = f"the credentials of {kind}"
            about += f", as in {path_of(from_file, self.folder)}" if from_file else ""
            secret = self.ledger.secret(f"{name}_credentials", part.place, about, None if from_file else value)
            headers["Authorization"] = Reference(f"{kind} {secret}")

    def _headers(self, name: str, part: Part, headers: Channel) -> None:
        """Each header has a list of values: open ones, secrets, or files; tocsin sends one of them."""
        for header, below in part.table().items():
            fields = below.table()
            given = [
                (key, one) for key in ("values", "secrets", "files") if key in fields for one in fields[key].items()
            ]
            if header.lower() in _RESERVED or (header.lower() == "authorization" and "Authorization" in headers):
                below.left("tocsin sets this header itself")
            elif len(given) != 1:
                below.left(f"tocsin sends one value of a header; here are {len(given)}")
            else:
                ((key, one),) = given
                headers[header] = (
                    left_in(one, self.folder)
                    if key == "files"
                    else self.ledger.secret(f"{name}_{header}", one.place, f"the header {header}", one.text())
                )

    def _tls(self, part: Part, made: Channel) -> None:
        for key, one in part.table().items():
            if key == "ca_file":
                made["ca_file"] = self.ledger.file(path_of(one, self.folder), one.place)
            elif key == "insecure_skip_verify":
                if one.flag():
                    one.left("tocsin verifies every certificate: give the channel a ca_file")
            elif not one.is_nothing:
                one.left(f"tocsin's webhooks have no setting {quoted(key)} for TLS")


def _address(text: str) -> SplitResult | None:
    """Take apart what tocsin's webhook can post to."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        name = host if ":" in host else host.encode("idna").decode()
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not name or not text.isprintable() or " " in text:
        return None
    return parts


def _is_harmless(parts: SplitResult) -> bool:
    """Whether nothing in the address can be a secret: a path is often a token."""
    user_or_more = parts.username or parts.password or parts.query or parts.fragment
    return not user_or_more and unquote(parts.path) in ("", "/")
