"""AWS SNS as far as a subscriber sees it: a key, a certificate for it, and messages signed as AWS documents it."""

import base64
import datetime as dt
import functools
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from behind_the_door import Elsewhere

TOPIC = "arn:aws:sns:eu-west-1:111122223333:ops"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=2336412f37"
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}


@functools.cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


@functools.cache
def certificate() -> bytes:
    return _certificate(key())


@functools.cache
def elliptic() -> bytes:
    """A certificate without an RSA key."""
    return _certificate(ec.generate_private_key(ec.SECP256R1()))


def _certificate(private: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=700))
    )
    return built.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM)


def amazon(**other: bytes | Exception) -> Elsewhere:
    """What answers outside: the certificate, and the address that confirms a subscription."""
    return Elsewhere({CERTIFICATE: certificate(), CONFIRM: b"<ConfirmSubscriptionResponse/>"} | other)


def message(now: float, text: str = "disk full", **fields: Any) -> dict[str, Any]:
    """A signed notification, or with `Type` a confirmation; a field that is None is left out."""
    body: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Subject": "Disk",
        "Message": text,
        "Timestamp": dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    } | fields
    if body["Type"] != "Notification":
        body = {"SubscribeURL": CONFIRM, "Token": "2336412f37"} | body | {"Subject": None}
    return signed({name: value for name, value in body.items() if value is not None})


def signed(body: dict[str, Any]) -> dict[str, Any]:
    if body["Type"] == "Notification":
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = ""
    for name in names:
        if name in body:
            text += name + "\n" + body[name] + "\n"
    algorithm = _HASHES.get(body["SignatureVersion"], hashes.SHA256())
    return body | {"Signature": base64.b64encode(key().sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()}


def sent(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
