"""What the certificates say that a server shows: for conditions and for people."""

import functools
import hashlib
import ssl
from typing import Any

import msgspec
from cryptography import x509

from daemon import fitting
from daemon.probes.network.dial import Watch
from daemon.probes.network.trust import Trust

MOST_NAMES = 100  # of one certificate
MOST_KEPT = 8 * 1024  # bytes of one that is remembered
MOST_TEXT = 200  # characters of a subject or issuer
DAY = 86_400.0

_DER = 2  # as `_ssl` numbers it

# What cryptography raises about a certificate that OpenSSL could read and it cannot.
_UNREADABLE = (
    ValueError, OverflowError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate, as far as people and conditions ask about it. Texts are one line each."""

    subject: str
    issuer: str
    names: tuple[str, ...]  # that it is valid for
    expires: float  # seconds since the epoch
    sha256: str  # of the whole, as hexadecimal digits
    shown: str  # all that in a line, written once, for the same certificate comes at every look

    def days(self, now: float) -> float:
        """How many days it is valid still; negative when it is not any more."""
        return round((self.expires - now) / DAY, 3)


def served(tunnel: ssl.SSLSocket) -> tuple[Certificate, ...]:
    """The chain that the server showed, its own certificate first; also where the handshake failed because of it.

    Those that cannot be read are left out; without the first one there is none.
    """
    inside: Any = tunnel._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - public from 3.13 on
    chain = (inside.get_unverified_chain() if inside is not None else None) or ()
    found = [read(one.public_bytes(_DER)) for one in chain]
    return tuple(one for one in found if one) if found and found[0] else ()


def read(der: bytes) -> Certificate | None:
    """Read a certificate, None where that cannot be done. One that is huge may be another at every look."""
    return remembered(der) if len(der) <= MOST_KEPT else remembered.__wrapped__(der)


@functools.lru_cache(maxsize=2_048)
def remembered(der: bytes) -> Certificate | None:
    """Read one of ordinary size. The same ones come at every look, so it costs once."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer, expires = (
            _name(certificate.subject),
            _name(certificate.issuer),
            certificate.not_valid_after_utc,
        )
        return Certificate(
            subject=subject,
            issuer=issuer,
            names=_names(certificate),
            expires=expires.timestamp(),
            sha256=hashlib.sha256(der).hexdigest(),
            shown=f"{subject}, issued by {issuer}, valid until {expires:%Y-%m-%d %H:%M} UTC",
        )
    except _UNREADABLE:
        return None


def noted(tunnel: ssl.SSLSocket, trust: Trust, watch: Watch) -> tuple[Certificate, ...]:
    """Take down the chain that a server showed, whether or not it was accepted; return it."""
    chain = served(tunnel)
    if chain:
        days = [one.days(watch.clock.now()) for one in chain]
        watch.values |= {"cert.days": days[0], "cert.chain_days": min(days)}
        accepted = "accepted" if tunnel.version() else "not accepted"  # which the handshake has, or has not, ended with
        watch.evidence["certificate"] = f"{chain[0].shown}, {accepted if trust.verify else 'not checked'}"
    return chain


def _name(name: x509.Name) -> str:
    return fitting.cut(fitting.line(name.rfc4514_string()), MOST_TEXT) or "nobody"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        fitting.cut(fitting.line(str(one.value)), MOST_TEXT)
        for one in list(extension.value)[:MOST_NAMES]
        if isinstance(one, x509.DNSName | x509.IPAddress)
    )
