"""Gets a page, with the requests that probes make."""

from dataclasses import replace

from daemon.blotted import blotted
from daemon.config.scrapes import Scrape
from daemon.probes.fetch.answer import Answer
from daemon.probes.fetch.grammar import is_value
from daemon.probes.fetch.hop import Way, ask, basic
from daemon.probes.fetch.place import place
from daemon.probes.fetch.redirect import Step
from daemon.probes.fetch.request import Wording
from daemon.probes.network.dial import Missed, Watch, measured
from daemon.probes.network.trust import Trust

ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.6,*/*;q=0.1"
OPEN = "application/openmetrics-text"
TAKEN = ("text/plain", OPEN, "application/octet-stream", "")  # the latter of servers that know no better
OK = 200


class Failed(Exception):
    """There is no page to be had; the text says why, and shows no secret."""


class Fetching:
    """Asks for one page. Making it raises Failed where that can never be asked for."""

    def __init__(self, given: Scrape) -> None:
        self._given = given
        try:
            where = place(given.url)
        except ValueError as error:
            raise Failed(f"its address {error}") from None
        self._step = Step(where, "GET", b"")
        authorization = ""
        if given.bearer is not None:
            authorization = f"Bearer {given.bearer.reveal()}"
        elif given.basic is not None:
            authorization = basic(f"{given.basic.user}:{given.basic.password.reveal()}")
        if not is_value(authorization):
            raise Failed("its token holds a line break or a character beyond Latin-1")
        headers = {
            "accept": ACCEPT,
            "accept-encoding": "gzip",
            "x-prometheus-scrape-timeout-seconds": f"{given.timeout:g}",
        }
        wording = Wording(headers, authorization)
        self._request = wording.request(self._step)
        self._secrets = replace(wording, headers={}).secrets(self._step)
        trust = Trust(
            ca_file=given.ca_file,
            cert_file=given.cert_file,
            key_file=given.key_file,
            verify=given.verify,
            protocols=("http/1.1",),
        )
        self._way = Way(trust=trust, server_name=given.server_name)

    @property
    def shown(self) -> str:
        """Where it goes, for people."""
        return self._step.where.shown

    def fetch(self) -> tuple[str, bool]:
        """Get the page, and whether it is OpenMetrics. Raises Failed."""
        answer = Answer(asked=True, most=self._given.largest)

        def look(watch: Watch) -> str:
            ask(self._step.where, self._request, self._way, answer, watch)
            if answer.status != OK:
                raise Missed(f"it answers {answer.phrase}")
            if answer.is_capped:
                raise Missed(f"it is larger than {self._given.largest} bytes (`largest`)")
            return ""

        reading = measured(self._given.timeout, look)
        if not reading.is_well:
            raise Failed(blotted(reading.detail, self._secrets))
        said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if said not in TAKEN:
            raise Failed(blotted(f"it is {said[:100]}, and no page of numbers", self._secrets))
        return answer.body.decode("utf-8", "replace"), said == OPEN
