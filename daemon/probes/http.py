"""Does this URL answer as it should?"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from daemon.blotted import blotted
from daemon.probes.base import MOST_QUOTED, Fact, Reading, Rules, probe
from daemon.probes.fetch.answer import Answer
from daemon.probes.fetch.grammar import check_headers, check_method
from daemon.probes.fetch.hop import Way, ask, basic, proxy_place
from daemon.probes.fetch.place import place
from daemon.probes.fetch.redirect import Step, onward
from daemon.probes.fetch.request import Wording
from daemon.probes.network.dial import Family, Missed, Watch, measured
from daemon.probes.network.host import Perhaps, is_near_host, other_families
from daemon.probes.network.trusting import Naming
from daemon.reading import Looks
from daemon.secret import HIDDEN, Secret

MOST_HOPS = 20
WELL, ANY_STATUS = ("200-399",), ("100-599",)

_STATUS = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?")


@dataclass(frozen=True, kw_only=True)
class Basic:
    """Who asks, by user name and password."""

    user: str = field(metadata={"doc": "user name"})
    password: Secret = field(metadata={"doc": "password"})


def _check_url(url: str) -> None:
    place(url)


@probe("http")
@dataclass(frozen=True, kw_only=True)
class Http(Naming):
    """Ask once, over a connection of its own, and read the whole answer."""

    PHASES: ClassVar[tuple[str, ...]] = ("resolve", "connect", "proxy", "tls", "first_byte", "download", "total")
    GIVES: ClassVar[Mapping[str, Fact]] = {
        "status": Fact("the status code of the last answer", ideal=200),
        "body": Fact("the body, up to 1 MB", "text"),
        "body.size": Fact("bytes of the body that were read, at most 1 MB", "bytes"),
        "header": Fact(
            "a header of the answer; those that come several times are joined by commas", "text", keyed=True
        ),
        "cert.days": Fact("days until the server's certificate expires, negative when it has", "days"),
        "cert.chain_days": Fact("days until the first certificate expires of all that the server showed", "days"),
        "ip": Fact("the address that it is connected to, a proxy's where there is one", "text"),
        "redirects": Fact("how many redirects were followed"),
        "http.version": Fact("the answer's version of HTTP: 1.0 or 1.1", "text"),
    }
    RULES: ClassVar[Rules] = {"status": ("status", ANY_STATUS)}
    FOR_OTHERS: ClassVar[bool] = True

    url: str = field(
        repr=False,
        metadata={
            "doc": "http or https address; user:password@ in it is sent and never shown",
            "check": _check_url,
        },
    )
    method: str = field(default="GET", metadata={"doc": "request method"})
    headers: dict[str, Secret] = field(
        default_factory=dict, metadata={"doc": "headers to send, such as Cookie; their values are never shown"}
    )
    body: str = field(default="", metadata={"doc": "text to send; name what it is with a Content-Type in `headers`"})
    body_secret: Secret | None = field(
        default=None, metadata={"doc": "the same where a password is in it: shown nowhere, not even repeated"}
    )
    basic: Basic | None = field(default=None, metadata={"doc": "user and password for basic authentication"})
    bearer: Secret | None = field(default=None, metadata={"doc": "token, sent as Authorization: Bearer"})
    status: tuple[str, ...] = field(
        default=WELL, metadata={"doc": "status codes that are well, each one code or a range"}
    )
    redirects: int = field(
        default=0,
        metadata={"doc": "redirects to follow; with 0 a redirect is an answer", "least": 0, "most": MOST_HOPS},
    )
    family: Family = field(
        default="any",
        metadata={"doc": "addresses to try: `any` takes the first that answers, the others only those of one family"},
    )
    proxy: Secret | None = field(
        default=None, metadata={"doc": "way out: `http://[user:password@]host:port`", "check": proxy_place}
    )
    other_proxy: Secret | None = field(
        default=None,
        metadata={
            "doc": "another way out, asked for a second opinion before it is called down",
            "check": proxy_place,
        },
    )

    def __post_init__(self) -> None:
        """Refuse what can never be asked; no message shows the URL, which may hold credentials."""
        try:
            place(self.url)
        except ValueError as error:
            raise ValueError(f"url {error}") from None
        check_method(self.method)
        check_headers(self.headers | ({"bearer": self.bearer} if self.bearer is not None else {}))
        if self.basic is not None and self.bearer is not None:
            raise ValueError("credentials are given twice: keep one of basic and bearer")
        if self.body and self.body_secret is not None:
            raise ValueError("there is either body or body_secret")
        super().__post_init__()
        if not self.status:
            raise ValueError("status is empty: name the codes that are well, for example 200-399")
        for codes in self.status:
            found = _STATUS.fullmatch(codes)
            if not found or found[1] > (found[2] or found[1]):
                raise ValueError(f"status {codes!r} is neither a code nor a range: write for example 200 or 200-299")

    def look(self) -> Reading:
        """Ask once."""
        reading = measured(self.timeout, self._look)
        if reading.body and not reading.is_well:
            reading.evidence["body"] = self.quoted(reading.body)
        return reading

    def target(self) -> str:
        """The URL without credentials; a query may hold a token, so it is only hinted at."""
        return self._first[0].where.shown

    def is_near(self) -> bool:
        """Whether it is on this machine or in a network that this machine is in."""
        return self.proxy is None and is_near_host(self._first[0].where.host)

    def otherwise(self) -> Iterator[tuple[str, Looks]]:
        """By the one and the other family of addresses, and through the other proxy."""
        if self.proxy is None:
            for name, family in other_families(self.family, self._first[0].where.host):
                yield name, Perhaps(replace(self, family=family))
        if self.other_proxy is not None:
            yield "through the other proxy", replace(self, proxy=self.other_proxy, other_proxy=None)

    def quoted(self, body: bytes) -> str:
        """The beginning of a body, without what is secret in the settings: servers repeat what they are sent."""
        if len(self._wording.hidden) > MOST_QUOTED // 2:
            return HIDDEN  # there is too much of it to look for
        return self._blotted(body[:MOST_QUOTED].decode("utf-8", "replace"))

    def _look(self, watch: Watch) -> str:
        with watch.phase("total"):
            answer, hops = self._travel(watch)
        if not self._is_well(answer.status):
            raise Missed(f"{answer.phrase}, expected {', '.join(self.status)}")
        followed = f", after {hops} redirect{'s'[: hops > 1]}" if hops else ""
        capped = f", of which the first {len(watch.body)} bytes were read" if answer.is_capped else ""
        return answer.phrase + followed + capped

    def _travel(self, watch: Watch) -> tuple[Answer, int]:
        """Ask, and follow where that leads; return the last answer, and how many led to it."""
        step, request = self._first
        seen: list[Step] = []
        while True:
            answer = Answer(bodiless=step.method == "HEAD", asked=self._wording.takes_compressed)
            try:
                ask(step.where, request, self._ways[not step.is_ours], answer, watch)
            finally:
                _take_down(answer, len(seen), watch)
            onwards = onward(step, answer) if self.redirects else None
            if onwards is None:
                return answer, len(seen)
            seen.append(step)
            step = onwards
            watch.evidence["url"] = self._blotted(step.where.shown)
            if step in seen:
                raise Missed(f"{answer.phrase}, and the redirects go round in a circle")
            if len(seen) > self.redirects:
                raise Missed(f"{answer.phrase}, and more than {self.redirects} redirects")
            if step.body and not step.is_ours and self.body_secret is not None:
                raise Missed(f"{answer.phrase}, and the body is a secret that is for no other server")
            request = self._wording.request(step)

    @functools.cached_property
    def _first(self) -> tuple[Step, bytes]:
        """The request that the settings describe; at every look it is the same."""
        body = self.body_secret.reveal() if self.body_secret is not None else self.body
        step = Step(place(self.url), self.method, body.encode())
        return step, self._wording.request(step)

    @functools.cached_property
    def _wording(self) -> Wording:
        user, authorization = place(self.url).user, ""
        if self.basic is not None:
            user = f"{self.basic.user}:{self.basic.password.reveal()}"
        if self.bearer is not None:
            authorization = f"Bearer {self.bearer.reveal()}"
        elif user is not None:
            authorization = basic(user)
        headers = {name.lower(): value.reveal() for name, value in self.headers.items()}
        hidden = self.body_secret.reveal() if self.body_secret is not None else ""
        return Wording(headers, authorization, hidden, proxy_place(self.proxy) if self.proxy is not None else None)

    @functools.cached_property
    def _ways(self) -> tuple[Way, Way]:
        """How our own server is reached, and how others to which it redirects: they do not learn who asks."""
        proxy = self._wording.proxy
        own = replace(self.trust, protocols=("http/1.1",))
        others = replace(own, cert_file="", key_file="")
        return (
            Way(trust=own, family=self.family, proxy=proxy, server_name=self.named("")),
            Way(trust=others, family=self.family, proxy=proxy),
        )

    def _blotted(self, said: str) -> str:
        return blotted(said, self._wording.secrets(self._first[0]))

    def _is_well(self, code: int) -> bool:
        for codes in self.status:
            low, _, high = codes.partition("-")
            if int(low) <= code <= int(high or low):
                return True
        return False


def _take_down(answer: Answer, hops: int, watch: Watch) -> None:
    """Whatever there is of an answer, however it ended."""
    values = watch.values
    if watch.address is not None:
        values["ip"] = watch.address[1][0]
    values["redirects"] = hops
    watch.body = bytes(answer.body)
    if answer.status:
        values["status"] = answer.status
        values["body.size"] = len(watch.body)
        values["header"] = answer.headers
        values["http.version"] = answer.version
