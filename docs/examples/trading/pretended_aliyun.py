"""Stands in for Aliyun's SMS gateway: checks what it would check, and shows what would stand on the telephone.

Signature V3 (ACS3-HMAC-SHA256) and SendSms of Dysmsapi 2017-05-25, as Aliyun describes them.
"""

import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Self
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "ACS3-HMAC-SHA256"
VERSION = "2017-05-25"
LATE = 15 * 60  # seconds that a request's time may be off
MAX_VARIABLE = 35  # characters
NUMBER = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
LINK = re.compile(r"https?://|www\.|\d+\.\d+\.\d+\.\d+")


class Refusal(Exception):
    """The gateway says no."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        """Take a code of Aliyun's; the gateway in front of the service has statuses of its own."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Account:
    """What was ordered and approved in the console."""

    key_id: str
    key_secret: str
    sign_name: str
    template_code: str
    template: str  # as approved: with `${name}` for its variables


@dataclass(frozen=True)
class Text:
    """One text message on its telephone."""

    number: str
    words: str
    out_id: str


def signature(secret: str, method: str, target: str, headers: Mapping[str, str], names: list[str]) -> str:
    """The signature that a request with these signed headers must have; header names are lower case."""
    pairs = sorted(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    signed = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names)
    canonical = "\n".join((method, "/", query, signed, ";".join(names), headers.get("x-acs-content-sha256", "")))
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


class PretendedAliyun:
    """The gateway on a free port of this machine, inside a `with` block; `texts` are the messages it took."""

    def __init__(self, account: Account, *, say: Callable[[str], None]) -> None:
        """Know one account; `say` tells people."""
        self.account = account
        self.texts: list[Text] = []
        self._say = say
        self._nonces: set[str] = set()
        self._lock = Lock()
        gateway = self

        class Door(BaseHTTPRequestHandler):
            """One request."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Answer as the API does."""
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = gateway.answer(self.path, headers, body)
                written = json.dumps(answer, ensure_ascii=False).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, *_: object) -> None:
                """Say nothing: `say` does."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self._server.block_on_close = False  # kept-alive connections of tocsin may be open still
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), name="aliyun")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """What to write behind `endpoint:`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        """Status and body of the answer to one request."""
        try:
            with self._lock:
                self._check(target, headers, body)
                texts = self._texts(headers, dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)))
                self.texts += texts
                number = len(self.texts)
        except Refusal as refusal:
            self._say(f"refuses: {refusal}")
            return refusal.status, {"Code": refusal.code, "Message": refusal.message, "RequestId": "R-0"}
        for text in texts:
            self._say(f"signature good; SMS to {text.number}: {text.words}")
        return 200, {"Code": "OK", "Message": "OK", "RequestId": f"R-{number}", "BizId": f"{number:018}^0"}

    def _check(self, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse what is not signed by the account's key, not of now, or was there before."""
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        given = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        if scheme != ALGORITHM or given.get("Credential") != self.account.key_id:
            raise Refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
        names = given.get("SignedHeaders", "").split(";")
        must = {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-action", "x-acs-version", "x-acs-content-sha256"}
        if not must <= set(names) or headers.get("x-acs-content-sha256") != hashlib.sha256(body).hexdigest():
            raise Refusal("IncompleteSignature", "A header is not signed, or the body is another.", 400)
        right = signature(self.account.key_secret, "POST", target, headers, names)
        if not hmac.compare_digest(right, given.get("Signature", "")):
            raise Refusal("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", 400)
        if abs(dt.datetime.now(dt.UTC).timestamp() - _instant(headers["x-acs-date"])) > LATE:
            raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)
        if headers["x-acs-signature-nonce"] in self._nonces:
            raise Refusal("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
        self._nonces.add(headers["x-acs-signature-nonce"])

    def _texts(self, headers: Mapping[str, str], query: Mapping[str, str]) -> list[Text]:
        """The messages that a SendSms asks for; its variables are put into the approved template."""
        if (headers["x-acs-action"], headers["x-acs-version"]) != ("SendSms", VERSION):
            raise Refusal("InvalidAction.NotFound", "This stand-in knows SendSms only.", 404)
        if query.get("SignName") != self.account.sign_name:
            raise Refusal("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        if query.get("TemplateCode") != self.account.template_code:
            raise Refusal("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
        words = f"【{self.account.sign_name}】{_filled(self.account.template, query.get('TemplateParam', '{}'))}"
        numbers = [NUMBER.fullmatch(number) for number in query.get("PhoneNumbers", "").split(",")]
        if None in numbers:
            raise Refusal("isv.MOBILE_NUMBER_ILLEGAL", query.get("PhoneNumbers", ""))
        return [Text(number[1], words, query.get("OutId", "")) for number in numbers if number]


def _instant(written: str) -> float:
    """Seconds since the epoch of an `x-acs-date`; of one that cannot be read, the epoch itself."""
    try:
        return dt.datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return 0.0


def _filled(template: str, written: str) -> str:
    """The approved template with its variables, by the gateway's rules for them."""
    try:
        given = json.loads(written)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refusal("isv.INVALID_JSON_PARAM", "JSON参数不合法")
    for name, value in given.items():
        if not isinstance(value, str) or not value:
            raise Refusal("isv.TEMPLATE_PARAMS_ILLEGAL", name)
        if len(value) > MAX_VARIABLE:
            raise Refusal("isv.PARAM_LENGTH_LIMIT", name)
        if LINK.search(value):
            raise Refusal("isv.PARAM_NOT_SUPPORT_URL", name)
    missing = set(re.findall(r"\$\{(\w+)\}", template)) - set(given)
    if missing:
        raise Refusal("isv.TEMPLATE_MISSING_PARAMETERS", ", ".join(sorted(missing)))
    return re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], template)
