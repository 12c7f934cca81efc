"""Aliyun's request signature V3 (ACS3-HMAC-SHA256); the signed headers also carry the call's name and time."""

import datetime as dt
import functools
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"
NO_BODY = hashlib.sha256(b"").hexdigest()


def query(parameters: Mapping[str, str]) -> str:
    """Write the parameters as they are signed and sent: sorted by name, strictly percent-encoded."""
    return "&".join(f"{encoded(name)}={encoded(parameters[name])}" for name in sorted(parameters))


def date(now: float) -> str:
    """Write an instant as the protocol does."""
    return _second(int(now))


@functools.lru_cache(maxsize=8)
def _second(now: int) -> str:
    return dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authorization(key_id: str, secret: str, query_string: str, headers: Mapping[str, str]) -> str:
    """Sign a POST to `/`; `headers` are lower case and all of them are signed.

    The body goes in by its hash, the header `x-acs-content-sha256` (`NO_BODY`, `digest`).
    """
    names = sorted(headers)
    signed = ";".join(names)
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    hashed = headers["x-acs-content-sha256"]
    canonical = f"POST\n/\n{query_string}\n{canonical_headers}\n{signed}\n{hashed}"
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={signed},Signature={signature}"


def digest(body: bytes) -> str:
    """Write the hash of a body as the protocol does."""
    return hashlib.sha256(body).hexdigest() if body else NO_BODY


def encoded(value: str) -> str:
    """Percent-encode strictly, as both of Aliyun's signatures want it."""
    return value if value.isascii() and value.isalnum() else quote(value, safe="~")
