"""What a source's check asks of other servers: few questions at a time, each short, the answers remembered."""

import threading
from collections import OrderedDict

from daemon.clock import Clock
from daemon.errors import OutsideError, SendError
from daemon.senders.http import MAX_BODY, Client

WITHIN = 5.0  # seconds for one question: the sender waits for its answer meanwhile
AT_ONCE = 8  # questions under way
WAITING = 64  # requests that wait for the answer to somebody else's
KEPT = 32  # answers
FORGIVEN = 15.0  # seconds after which a failure is forgotten


class _Question:
    """One under way; those who ask the same wait for its answer."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.body: bytes | None = None
        self.problem = "it was given up"


class Fetched:
    """GET requests for the checks of sources. No redirect is followed; which URL is right, the check decides."""

    def __init__(self, clock: Clock, within: float = WITHIN) -> None:
        self._clock = clock
        self._within = within
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._failed: OrderedDict[str, tuple[float, str]] = OrderedDict()  # until when it is not asked again, why
        self._questions: dict[str, _Question] = {}
        self._under_way = 0
        self._waiting = 0

    def get(self, url: str) -> bytes:
        """Ask once. Raises OutsideError."""
        if self._under_way >= AT_ONCE:
            raise OutsideError("too many questions to other servers are under way")
        self._under_way += 1
        try:
            client = Client(url, timeout=self._within, clock=self._clock)
            try:
                body = client.get({}).body
            finally:
                client.close()
        except (SendError, ValueError) as error:
            raise OutsideError(str(error)) from error
        finally:
            self._under_way -= 1
        if len(body) >= MAX_BODY:
            raise OutsideError(f"{client.shown} answers more than {MAX_BODY} bytes")
        return body

    def kept(self, url: str) -> bytes:
        """Hand out what was answered before, or ask; those who ask the same at once share the answer."""
        if url in self._known:
            self._known.move_to_end(url)
            return self._known[url]
        until, why = self._failed.get(url, (0.0, ""))
        if self._clock.monotonic() < until:
            raise OutsideError(why)
        question = self._questions.get(url)
        if question is None:
            return self._asked(url)
        if self._waiting >= WAITING:
            raise OutsideError("too many requests wait for the same answer")
        self._waiting += 1
        try:
            self._clock.wait(question.over, self._within)
        finally:
            self._waiting -= 1
        if question.body is None:
            raise OutsideError(question.problem)
        return question.body

    def _asked(self, url: str) -> bytes:
        question = self._questions[url] = _Question()
        try:
            question.body = self._known[url] = self.get(url)
        except OutsideError as error:
            question.problem = str(error)
            self._failed[url] = (self._clock.monotonic() + FORGIVEN, question.problem)
            raise
        finally:
            del self._questions[url]
            question.over.set()
            for memory in (self._known, self._failed):
                if len(memory) > KEPT:
                    memory.popitem(last=False)
        return question.body
