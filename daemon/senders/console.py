"""Print each message on standard output: to try tocsin out, and for the log of a container."""

import os
import select
import threading
from dataclasses import dataclass
from typing import ClassVar

from daemon import fitting
from daemon.errors import SendFailed
from daemon.notice import Acceptance, Message
from daemon.senders.base import Sender, sender

STDOUT = 1
MAX_CHARACTERS = 20_000
PIECE = 4_096  # bytes that a pipe takes without blocking once it says it is writable (PIPE_BUF)

_turn = threading.Lock()  # one block at a time, whichever channel prints it


@sender("console")
@dataclass(frozen=True, kw_only=True)
class Console(Sender):
    """A room: one block of text for each message."""

    descriptor: ClassVar[int] = STDOUT

    def send(self, message: Message) -> Acceptance:
        """Print the block; a reader that takes nothing or has gone is SendFailed."""
        data = block(message).encode("utf-8", "replace")
        deadline = self.clock.monotonic() + self.timeout
        written = 0
        if not _turn.acquire(timeout=self.timeout):
            raise SendFailed(f"standard output was busy for {self.timeout:g} s")
        try:
            while written < len(data):
                left = deadline - self.clock.monotonic()
                # Asked first, written in small pieces: a reader that stopped stops this greenlet, not the hub.
                if left <= 0 or not select.select([], [self.descriptor], [], left)[1]:
                    raise SendFailed(f"standard output took nothing for {self.timeout:g} s", ambiguous=written > 0)
                written += os.write(self.descriptor, data[written : written + PIECE])
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SendFailed(f"cannot write to standard output: {reason}", ambiguous=written > 0) from error
        finally:
            _turn.release()
        return Acceptance(detail="printed")

    def target(self) -> str:
        """Say where it goes."""
        return "standard output"


def block(message: Message) -> str:
    """Lay the message out: a heading that names it, the text below it indented, an empty line."""
    who = ", ".join(recipient.name for recipient in message.recipients if recipient.name)
    heading = f"== {message.code} {message.notice.reason} to {message.notice.receiver}"
    heading += (f" ({who})" if who else "") + (" again" if message.repeat else "")
    body = fitting.lines(fitting.cut(message.text, MAX_CHARACTERS)).split("\n")
    return "\n".join([fitting.line(heading), *(f"   {line}" for line in body), "", ""])
