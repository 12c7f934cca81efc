"""Does an SSH server answer on this port?"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from daemon import __version__
from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Missed, Watch
from daemon.probes.network.dialogue import ADDRESS, Talk, connected, looked
from daemon.probes.network.host import HIGHEST_PORT, Networked

MOST_BEFORE = 100  # lines that may come before the banner (RFC 4253 §4.2); it does not say how many
MOST_BANNER = 255

# What the server calls itself: SSH-protocol-software, and after a blank whatever else it likes to say.
_BANNER = re.compile(rb"SSH-([^-\s]+)-([^\s]+)(?: (.*))?", re.DOTALL)
_OURS = f"SSH-2.0-tocsin_{__version__}\r\n".encode()
_SPOKEN = ("2.0", "1.99")  # 1.99: 2.0, and 1 for those who know no better


@probe("ssh")
@dataclass(frozen=True, kw_only=True)
class Ssh(Networked):
    """Read the server's banner, say who we are, hang up: no key exchange and no login."""

    PHASES: ClassVar = ("resolve", "connect", "first_byte", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        "banner": Fact("the line by which the server introduces itself", "text"),
        "version": Fact("the server's software, such as `OpenSSH_9.2p1`", "text"),
        "protocol": Fact("the protocol's version", "text", ideal="2.0"),
    }

    port: int = field(default=22, metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        with connected(self, watch) as sock:
            talk = Talk(sock, watch)
            watch.doing = "banner"
            banner = _banner(talk)
            watch.values["banner"] = talk.shown(banner)
            watch.evidence["banner"] = talk.quoted(banner)
            found = _BANNER.fullmatch(banner)
            if not found:
                raise Missed(f"it does not introduce itself as SSH does: {talk.quoted(banner)}")
            protocol, version = talk.shown(found[1]), talk.shown(found[2])
            watch.values |= {"protocol": protocol, "version": version}
            if protocol not in _SPOKEN:
                raise Missed(f"it speaks the protocol {protocol} only: {talk.quoted(banner)}")
            # To one who leaves without a word OpenSSH's log has an error; so it is one line, and no error.
            talk.say(_OURS)
        return talk.quoted(banner)


def _banner(talk: Talk) -> bytes:
    """The first line that begins with SSH-; what comes before is for people."""
    for _ in range(MOST_BEFORE):
        line = talk.line()
        if line.startswith(b"SSH-"):
            if len(line) > MOST_BANNER:
                raise Missed(f"its banner has more than {MOST_BANNER} bytes: {talk.quoted(line)}")
            return line
    raise Missed(f"it says {MOST_BEFORE} lines and more, and none is an SSH banner: {talk.quoted()}")
