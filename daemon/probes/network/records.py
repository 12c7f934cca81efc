"""Names, types and records as settings write them, as name servers send them, and as people read them."""

import secrets
from collections.abc import Hashable

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import msgspec
from dns.rdata import Rdata
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.txtbase import TXTBase

from daemon import fitting
from daemon.probes.network.host import HIGHEST_PORT, bare, is_address
from daemon.probes.network.questions import UNREADABLE, Kind, Message, Name

PORT = 53
TEXTS = (dns.rdatatype.TXT, dns.rdatatype.SPF)
MOST_SHOWN = 300  # characters of a record


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the name leads to, over all aliases."""

    texts: list[str]  # sorted, for people
    keys: dict[Hashable, str]  # the same in a form that can be compared, with their texts
    ttl: int
    serial: int | None  # of a zone's own record


def found_in(response: Message) -> Found:
    """Read the records of an answer. Raises what UNREADABLE names when it makes no sense."""
    chain = response.resolve_chaining() if response.question else None
    if chain is None or chain.answer is None:
        return Found(texts=[], keys={}, ttl=0, serial=None)
    texts = [shown(record) for record in chain.answer]
    keys = dict(zip(map(key_of, chain.answer), texts, strict=True))
    first = chain.answer[0]
    return Found(
        texts=sorted(texts), keys=keys, ttl=chain.minimum_ttl, serial=first.serial if isinstance(first, SOA) else None
    )


def kind_of(text: str) -> Kind:
    """The type of record that is written so. Raises ValueError, as do those below that read settings."""
    try:
        kind = dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"record {text!r} is no type of record: write for example A, MX or TXT") from None
    if dns.rdatatype.is_metatype(kind):
        raise ValueError(f"record {text!r} cannot be asked for: write for example A, MX or TXT")
    return kind


def name_of(text: str) -> Name:
    """The domain name that is written so, whole as it stands: nothing is put behind it."""
    try:
        return dns.name.from_text(text.strip())
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not a domain name: {error}") from None


def made_up(zone: str) -> Name:
    """A name that nobody can have thought of."""
    try:
        return dns.name.from_text(secrets.token_hex(8), name_of(zone))
    except dns.exception.DNSException as error:
        raise ValueError(f"hijack: {zone!r} is too long: {error}") from None


def place_of(server: str) -> tuple[str, int]:
    """Host and port of what is written as `host`, `host:port`, an IPv6 address, or `[address]:port`."""
    host, port = server, str(PORT)
    if ":" in server and not is_address(server):
        host, _, port = server.rpartition(":")
    is_host = bare(host).strip() and (":" not in host or is_address(host))
    if (server and not is_host) or not port.isdecimal() or not 1 <= int(port[:6]) <= HIGHEST_PORT:
        raise ValueError(
            f"server {server!r} is none: write for example 192.0.2.53, ns1.example.com:5353 or [2001:db8::53]:53"
        )
    return bare(host), int(port)


def meant(kind: Kind, text: str) -> Hashable:
    """What stands in the settings, in a form that can be compared: case, dots at the end and zeros do not matter."""
    if kind in TEXTS and not text.startswith('"'):
        return text.encode()
    try:
        return key_of(dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root, relativize=False))
    except UNREADABLE as error:
        raise ValueError(f"{text!r} is no record of type {dns.rdatatype.to_text(kind)}: {error}") from None


def key_of(record: Rdata) -> Hashable:
    """A record in that form."""
    return b"".join(record.strings) if isinstance(record, TXTBase) else record


def shown(record: Rdata) -> str:
    """A record for people, on one line: a text is one, however it was cut for the wire, and names end without a dot."""
    if isinstance(record, TXTBase):
        text = b"".join(record.strings).decode("utf-8", "replace")
    else:
        text = " ".join(word.rstrip(".") or word for word in record.to_text().split(" "))
    return fitting.cut(fitting.line(text), MOST_SHOWN)
