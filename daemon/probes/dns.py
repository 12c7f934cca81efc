"""Does this name server answer, and as it should?"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename

from daemon import fitting
from daemon.probes.base import Fact, Probe, Reading, Rules, probe
from daemon.probes.network.dial import TOLD, Missed, Watch, addresses, shown_address
from daemon.probes.network.dialogue import HalfWell, looked
from daemon.probes.network.host import bare, is_address, is_loopback
from daemon.probes.network.questions import (
    MOST_SERVERS,
    SPARE,
    TRIES,
    Asker,
    Kind,
    Message,
    Name,
    Silent,
    servers_of_the_system,
)
from daemon.probes.network.records import MOST_SHOWN, found_in, kind_of, made_up, meant, name_of, place_of, shown
from daemon.reading import Looks

MOST_ANSWERS = 100  # that a reading shows; all are counted and compared
ANY = "any"
MOST_LABELS = 5  # steps up from a name in search of its zone

_RCODES = {
    "NXDOMAIN": "there is no such name",
    "SERVFAIL": "the server failed",
    "REFUSED": "the server refuses to answer",
}


@probe("dns")
@dataclass(frozen=True, kw_only=True)
class Dns(Probe):
    """Ask one question, and compare the answer. Further ones, when they are wanted, tell whether somebody lies."""

    PHASES = ("resolve", "connect", "first_byte", "total")
    GIVES: ClassVar[Mapping[str, Fact]] = {
        "rcode": Fact("how the server answered: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, …", "text"),
        "answers": Fact("the records, sorted; where the name is an alias, those that it leads to", "list"),
        "answers.count": Fact("how many there are"),
        "ttl": Fact("for how long the answer may be kept: the least of its records", "seconds"),
        "serial": Fact("the zone's serial number, with `record: SOA`"),
        "authenticated": Fact("whether the server says that it has checked the signatures (AD)", "flag"),
        "authoritative": Fact("whether the server has the zone itself (AA)", "flag"),
        "ns": Fact("the name servers of the zone, with `ns_contains`", "list"),
        "hijacked": Fact("whether names that do not exist are answered, with `hijack`", "flag", ideal=False),
    }
    RULES: ClassVar[Rules] = {"rcode": ("rcode", ANY), "answers": ("least", 0), "answers.count": ("least", 0)}
    FOR_OTHERS = True

    name: str = field(metadata={"doc": "what to ask for; with `record: PTR` an address may stand here"})
    record: str = field(
        default="A", metadata={"doc": "type of the record: A, AAAA, CNAME, MX, NS, TXT, SOA, SRV, PTR, CAA, …"}
    )
    server: str = field(
        default="",
        metadata={"doc": "whom to ask: address or name, with `:port` if it is not 53; the machine's if empty"},
    )
    tcp: bool = field(default=False, metadata={"doc": "ask over TCP at once"})
    recursion: bool = field(
        default=True, metadata={"doc": "whether the server may ask others; false for one that has the zone"}
    )
    rcode: str = field(default="NOERROR", metadata={"doc": "the answer's code that is well, or `any`"})
    least: int = field(default=1, metadata={"doc": "down when there are fewer records", "least": 0})
    expect: tuple[str, ...] = field(default=(), metadata={"doc": "down when the records are not exactly these"})
    contains: tuple[str, ...] = field(default=(), metadata={"doc": "down when one of these is not among the records"})
    among: tuple[str, ...] = field(default=(), metadata={"doc": "down when a record is none of these"})
    ns_contains: str = field(
        default="", metadata={"doc": "down when the name of a name server of the zone does not have this in it"}
    )
    hijack: str = field(
        default="",
        metadata={"doc": "a zone without wildcards: degraded when a name that is invented below it is answered"},
    )

    def __post_init__(self) -> None:
        """Refuse what can never be asked."""
        place_of(self.server)
        kind = kind_of(self.record)
        # Loads what reads it: now, and not at the first look.
        dns.rdata.get_rdata_class(dns.rdataclass.IN, kind)  # type: ignore[no-untyped-call]
        self._asked_for(kind)
        for text in (*self.expect, *self.contains, *self.among):
            meant(kind, text)
        if self.hijack:
            made_up(self.hijack)
        try:
            has_records = self.rcode == ANY or dns.rcode.from_text(self.rcode) is dns.rcode.NOERROR
        except dns.exception.DNSException:
            raise ValueError(f"rcode {self.rcode!r} is none: write for example NXDOMAIN") from None
        if not has_records and (self.expect or self.contains or self.among):
            raise ValueError(f"with rcode {self.rcode} there are no records to expect")

    def look(self) -> Reading:
        """Ask once."""
        return looked(self.timeout, self._look)

    def target(self) -> str:
        """The question, and whom it goes to."""
        return f"{self.record.upper()} of {self.name}" + (f" at {self.server}" if self.server else "")

    def is_near(self) -> bool:
        """Whether a server of this machine is asked that need not ask anybody else."""
        return not self.recursion and is_loopback(place_of(self.server)[0])

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        """Over TCP: a datagram is easily lost, and easily forged."""
        return () if self.tcp else [("over TCP", replace(self, tcp=True))]

    def _look(self, watch: Watch) -> str:
        kind = kind_of(self.record)
        asker, response = self._answered(kind, watch)
        told = self._judged(asker, response, watch)
        if self.ns_contains:
            self._hold_to_its_zone(asker, watch)
        if self.hijack:
            told += self._try_a_lie(asker, watch)
        return told

    def _asked_for(self, kind: Kind) -> Name:
        if kind is dns.rdatatype.PTR and is_address(self.name):
            return dns.reversename.from_address(bare(self.name))
        return name_of(self.name)

    def _answered(self, kind: Kind, watch: Watch) -> tuple[Asker, Message]:
        """Ask one server after the other until one answers, whatever it says."""
        places = [place_of(server) for server in ([self.server] if self.server else servers_of_the_system())]
        found = [one for host, port in places for one in addresses(host, port, watch)][:MOST_SERVERS]
        silent = []
        for number, address in enumerate(found):
            tries = TRIES if len(found) == 1 else TRIES - 1
            asker = Asker(address, watch, tcp=self.tcp, recursion=self.recursion, tries=tries)
            watch.doing = "answer"
            try:
                response = asker.ask(self._asked_for(kind), kind, (watch.left() - SPARE) / (len(found) - number))
            except Silent as error:
                silent.append(f"{error} ({shown_address(address)})")
                continue
            watch.evidence["server"] = shown_address(address)
            return asker, response
        raise Missed("; ".join(silent[:TOLD]))

    def _judged(self, asker: Asker, response: Message, watch: Watch) -> str:
        """Take down what was answered, and compare."""
        code = dns.rcode.to_text(response.rcode())
        watch.values |= {
            "rcode": code,
            "authenticated": bool(response.flags & dns.flags.AD),
            "authoritative": bool(response.flags & dns.flags.AA),
        }
        found = asker.sense_of(response, found_in)
        shown_ones = found.texts[:MOST_ANSWERS]
        watch.values |= {"answers": shown_ones, "answers.count": len(found.texts)}
        if shown_ones:
            watch.values["ttl"] = found.ttl
            watch.evidence["answer"] = fitting.cut(", ".join(shown_ones), MOST_SHOWN)
        if found.serial is not None:
            watch.values["serial"] = found.serial
        if self.rcode != ANY and response.rcode() is not dns.rcode.from_text(self.rcode):
            raise Missed(f"{code}, {_RCODES.get(code, f'expected {self.rcode.upper()}')}")
        if code == "NOERROR" and len(found.texts) < self.least:
            had = f"only {len(found.texts)} records" if shown_ones else "no record"
            raise Missed(f"the name has {had} of type {self.record.upper()}")
        self._compare(found.keys)
        return f"{code}: {watch.evidence['answer']}" if shown_ones else code

    def _compare(self, found: Mapping[Hashable, str]) -> None:
        kind = kind_of(self.record)
        wanted = {meant(kind, text): text for text in (*self.expect, *self.contains)}
        allowed = {meant(kind, text) for text in self.expect or self.among}
        wrong = [f"{text} is missing" for key, text in wanted.items() if key not in found]
        if allowed:
            wrong += [f"{text} is not expected" for key, text in found.items() if key not in allowed]
        if wrong:
            raise Missed("; ".join(wrong[:TOLD]) + (f" and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""))

    def _hold_to_its_zone(self, asker: Asker, watch: Watch) -> None:
        """Whoever takes over a zone puts his own name servers into it."""
        names = self._name_servers(asker, watch)
        watch.values["ns"] = names[:MOST_ANSWERS]
        watch.evidence["name servers"] = fitting.cut(", ".join(names), MOST_SHOWN)
        if strange := [name for name in names if self.ns_contains.lower() not in name.lower()]:
            raise Missed(f"the zone has a name server without {self.ns_contains!r}: {', '.join(strange[:TOLD])}")

    def _name_servers(self, asker: Asker, watch: Watch) -> list[str]:
        zone = self._asked_for(kind_of(self.record))
        for _ in range(MOST_LABELS):
            if len(zone) <= 2:  # noqa: PLR2004 - only the top level is above, and the root
                break
            response = _asked_too(asker, zone, dns.rdatatype.NS, watch)
            rrset = response.get_rrset(response.answer, zone, dns.rdataclass.IN, dns.rdatatype.NS)
            if rrset:
                return sorted(shown(record) for record in rrset)
            zone = zone.parent()
        raise Missed("nobody says which name servers the zone has")

    def _try_a_lie(self, asker: Asker, watch: Watch) -> str:
        """Ask for a name that cannot exist; some servers answer it with a page of advertising."""
        name = made_up(self.hijack)
        response = _asked_too(asker, name, dns.rdatatype.A, watch)
        code = dns.rcode.to_text(response.rcode())
        if code not in ("NOERROR", "NXDOMAIN"):
            return f"; asked for a name that does not exist it says {code}"
        watch.values["hijacked"] = bool(response.answer)
        if response.answer:
            text = fitting.cut(shown(response.answer[0][0]), MOST_SHOWN)
            raise HalfWell(f"it answers names that do not exist: {name.to_text(omit_final_dot=True)} is {text}")
        return ""


def _asked_too(asker: Asker, name: Name, kind: Kind, watch: Watch) -> Message:
    """Ask a further question, whose time is none of the first one's phases."""
    watch.doing = what = f"{dns.rdatatype.to_text(kind)} of {name.to_text(omit_final_dot=True)}"
    phases = dict(watch.phases)
    try:
        return asker.ask(name, kind, watch.left() - SPARE)
    except Silent as silent:
        raise Missed(f"asked for {what}: {silent}") from silent
    finally:
        watch.phases = phases
