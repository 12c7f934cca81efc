"""Aliyun's older request signature (RPC style, SignatureVersion 1.0, HMAC-SHA1): everything is a parameter."""

import base64
import hmac
from collections.abc import Mapping

from daemon.senders import acs3

METHOD, VERSION = "HMAC-SHA1", "1.0"


def signed(parameters: Mapping[str, str], secret: str, method: str = "POST") -> str:
    """Write the parameters as a form, or as a query, with their signature among them."""
    written = acs3.query(parameters)
    return f"{written}&Signature={acs3.encoded(signature(written, secret, method))}"


def signature(written: str, secret: str, method: str = "POST") -> str:
    """Sign parameters that `acs3.query` has written."""
    to_sign = f"{method}&%2F&{acs3.encoded(written)}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1")).decode()
