"""A certificate authority of a test's own, and whatever certificates it is asked for."""

import datetime as dt
import ipaddress
import itertools
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NEVER = b""


@dataclass
class Signed:
    """A certificate with its key, and the certificates above it that are served with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: "list[x509.Certificate]" = field(default_factory=list)

    @property
    def chain(self) -> bytes:
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (self.certificate, *self.above))

    def secret(self, password: bytes = NEVER) -> bytes:
        hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)

    def saved(self, folder: Path, name: str = "server") -> tuple[Path, Path]:
        """Write the chain and the key; return both paths."""
        pem, key = folder / f"{name}.pem", folder / f"{name}.key"
        pem.write_bytes(self.chain)
        key.write_bytes(self.secret())
        return pem, key

    def context(self, folder: Path, clients_of: "Path | None" = None) -> ssl.SSLContext:
        """A server's context that shows it; with `clients_of`, it wants a certificate of that authority in turn."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.saved(folder))
        if clients_of is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients_of)
        return context


class Authority:
    """Signs what it is asked to; `pem` is its own certificate, for those who trust it."""

    _serial = itertools.count(1)

    def __init__(
        self, folder: Path, name: str = "tocsin test authority", above: "Authority | None" = None, days: float = 30
    ) -> None:
        self.folder = folder
        self.own = self._sign(name, days=days, by=above.own if above else None, is_authority=True, names=())
        self.pem = folder / f"{name.replace(' ', '-')}.pem"
        self.pem.write_bytes(self.own.certificate.public_bytes(serialization.Encoding.PEM))
        self._above = [self.own.certificate] if above else []

    def signs(self, *names: str, days: float = 10, begins: float = -60) -> Signed:
        """A certificate for these names and addresses, valid for so many days from now; negative is expired."""
        signed = self._sign(names[0], days=days, begins=begins, by=self.own, is_authority=False, names=names)
        signed.above = list(self._above)
        return signed

    @classmethod
    def _sign(
        cls,
        name: str,
        *,
        days: float,
        by: "Signed | None",
        is_authority: bool,
        names: tuple[str, ...],
        begins: float = -60,
    ) -> Signed:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.certificate.subject if by else subject)
            .public_key(key.public_key())
            .serial_number(next(cls._serial))
            .not_valid_before(now + dt.timedelta(days=begins))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
        return Signed(builder.sign(by.key if by else key, hashes.SHA256()), key)


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
