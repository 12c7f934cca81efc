"""Tencent Cloud's signature TC3-HMAC-SHA256, for a POST to `/` without a query.

Source: the documentation of Tencent Cloud API 3.0 ("Signature method v3").
"""

import datetime as dt
import functools
import hashlib
import hmac

ALGORITHM = "TC3-HMAC-SHA256"
SIGNED = "content-type;host"


def authorization(
    secret_id: str, secret_key: str, service: str, host: str, content_type: str, body: bytes, at: int
) -> str:
    """The Authorization header for these bytes; `at` is the X-TC-Timestamp, seconds since the epoch."""
    date = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d")
    canonical = f"POST\n/\n\ncontent-type:{content_type}\nhost:{host}\n\n{SIGNED}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{date}/{service}/tc3_request"
    to_sign = f"{ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_key(secret_key, date, service), to_sign.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"


@functools.lru_cache(maxsize=32)
def _key(secret_key: str, date: str, service: str) -> bytes:
    """The day's key, derived from the account's."""
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
