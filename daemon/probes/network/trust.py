"""Whom a probe believes, and as whom it introduces itself: the TLS context that its settings mean."""

import functools
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import certifi

Version = Literal["1.2", "1.3"]

_VERSIONS: dict[Version, ssl.TLSVersion] = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class TrustError(OSError):
    """The settings name files that cannot be used; the text is for people as it is."""


@dataclass(frozen=True)
class Trust:
    """Loading takes 20 ms, so all looks that mean the same share one context until a file of it changes."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    least_version: Version = "1.2"
    protocols: tuple[str, ...] = ()  # to offer by ALPN

    def context(self) -> ssl.SSLContext:
        """The context; raises TrustError."""
        files = (self.ca_file if self.verify else "", self.cert_file, self.key_file)
        return _context(self, tuple(_changed(path) if path else 0 for path in files))


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError as error:
        raise _unreadable(path, error) from error


@functools.lru_cache(maxsize=64)
def _context(trust: Trust, changed: tuple[int, ...]) -> ssl.SSLContext:
    del changed  # only there to load files again after they were replaced
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _VERSIONS[trust.least_version]
    if trust.verify:
        _believe(context, trust.ca_file)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if trust.cert_file:
        _introduce(context, trust)
    if trust.protocols:
        context.set_alpn_protocols(list(trust.protocols))
    return context


def _believe(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
        elif _has_authorities():
            context.load_default_certs()
        else:
            context.load_verify_locations(certifi.where())
    except ssl.SSLError as error:
        raise TrustError(f"{ca_file} holds no certificates") from error
    except OSError as error:
        raise _unreadable(ca_file, error) from error


def _has_authorities() -> bool:
    """Whether the machine has any: a bare one without the package ca-certificates gets Mozilla's list."""
    own = ssl.get_default_verify_paths()
    return bool(own.cafile or (own.capath and any(Path(own.capath).iterdir())))


def _introduce(context: ssl.SSLContext, trust: Trust) -> None:
    try:
        # Without a password given here, OpenSSL would ask for one on the terminal, and everything would wait.
        context.load_cert_chain(trust.cert_file, trust.key_file or None, password="")
    except ssl.SSLError as error:
        key = trust.key_file or trust.cert_file
        raise TrustError(
            f"{trust.cert_file} with the key in {key} is no client certificate: {_words(error)}"
        ) from error
    except OSError as error:
        raise _unreadable(trust.key_file or trust.cert_file, error) from error


def _words(error: ssl.SSLError) -> str:
    return (error.reason or "the key may need a password").replace("_", " ").lower()


def _unreadable(path: str, error: OSError) -> TrustError:
    return TrustError(f"cannot read {path}: {(error.strerror or type(error).__name__).lower()}")
