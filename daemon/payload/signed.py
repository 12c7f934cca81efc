"""Was this text signed by the key of this certificate? The home of the cryptography library."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

# The first version of SNS signs with SHA-1: forging one would take a second preimage, not only a collision.
_HASHES: dict[str, hashes.HashAlgorithm] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303


def is_signed(text: bytes, signature: str, certificate: bytes, algorithm: str) -> bool:
    """Check an RSA signature (PKCS#1 v1.5, in base64) over `text`; `algorithm` is sha1 or sha256.

    Raises ValueError with a sentence when the certificate is none with an RSA key.
    """
    try:
        key = load_pem_x509_certificate(certificate).public_key()
    except Exception as error:  # the library has errors of its own for some damages
        raise ValueError("what was fetched is no certificate") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate has no RSA key")  # noqa: TRY004 - what was fetched has no types
    try:
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), _HASHES[algorithm])
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
