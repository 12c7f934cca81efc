"""Mail addresses as SMTP and headers write them (RFC 5321, 5322, 6531), with a display name or without."""

import email.utils
from functools import lru_cache

import msgspec

from daemon.config.people import FORMS
from daemon.senders.mail_words import encoded_words

_FORM = FORMS["email"]


class Mailbox(msgspec.Struct, frozen=True):
    """An address that can be sent to. Its domain is ASCII (IDNA) unless what stands before the @ is not either."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """What stands after the @, in ASCII."""
        return _idna(self.address.rpartition("@")[2])

    @property
    def is_ascii(self) -> bool:
        """Whether every server can take it; else it takes one with SMTPUTF8."""
        return self.address.isascii()

    def header(self) -> str:
        """How a header names it."""
        if not self.name:
            return self.address
        if self.name.isascii() and "=?" not in self.name:
            quoted = email.utils.quote(self.name)
            return f'"{quoted}" <{self.address}>'
        return f"{encoded_words(self.name)} <{self.address}>"


@lru_cache(maxsize=1_024)
def mailbox(text: str) -> Mailbox:
    """Read `lin@example.com`; ValueError with a sentence where it is none. Domains of other scripts become ASCII."""
    if not _FORM.pattern.fullmatch(text):
        raise ValueError(f"is no mail address; write for example {_FORM.example}")
    local, _, domain = text.rpartition("@")
    try:
        ascii_domain = _idna(domain)
    except UnicodeError:
        raise ValueError("has a domain that cannot be") from None
    return Mailbox(f"{local}@{ascii_domain if local.isascii() else domain}")


def named_mailbox(text: str) -> Mailbox:
    """Read `tocsin <alert@example.com>` or a mere address; ValueError with a sentence where it is neither."""
    name, bracket, rest = text.partition("<")
    if not bracket:
        return mailbox(text.strip())
    if not rest.rstrip().endswith(">"):
        raise ValueError("is no mail address: the > is missing; write for example tocsin <alert@example.com>")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not name.isprintable():
        raise ValueError("has characters that cannot be printed before the <")
    return Mailbox(mailbox(rest.rstrip()[:-1].strip()).address, name)


def check_named(text: str) -> None:
    """Refuse what is neither an address nor a name with one; empty is left to whoever needs it."""
    if text:
        named_mailbox(text)


def _idna(domain: str) -> str:
    return domain if domain.isascii() else domain.encode("idna").decode()
