"""Does something accept connections on this port, and say what it should?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, get_args

from daemon.matcher import check_pattern, pattern
from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Watch
from daemon.probes.network.dialogue import ADDRESS, CERTIFICATE, Spoken, Talk, looked, unescaped
from daemon.probes.network.starttls import Protocol
from daemon.secret import Secret

MOST_STEPS = 32


@dataclass(frozen=True, kw_only=True)
class Step:
    """One turn of the dialogue: what is said, and what must come then."""

    send: str = field(default="", metadata={"doc": r"what to send; `\r`, `\n`, `\t`, `\0`, `\x1b` and `\\` are bytes"})
    send_secret: Secret | None = field(
        default=None, metadata={"doc": "the same where a password is in it: shown nowhere, not even repeated"}
    )
    expect: str = field(default="", metadata={"doc": "RE2 pattern that must be found in what came since the last one"})

    def __post_init__(self) -> None:
        """Refuse what says nothing and waits for nothing, or cannot be sent or searched for."""
        if self.send and self.send_secret:
            raise ValueError("dialogue: a step has either send or send_secret")
        if not (self.send or self.send_secret or self.expect):
            raise ValueError("dialogue: a step is empty; give it send, expect or both")
        check_pattern("dialogue", self.expect)
        try:
            self.words()
        except ValueError as error:
            raise ValueError(f"dialogue: in send {error}") from None

    def words(self) -> bytes:
        """What to send."""
        return unescaped(self.send_secret.reveal() if self.send_secret else self.send)


@probe("tcp")
@dataclass(frozen=True, kw_only=True)
class Tcp(Spoken):
    """Connect, shake hands where that is wanted, hold the dialogue and hang up."""

    PHASES: ClassVar = ("resolve", "connect", "starttls", "tls", "first_byte", "total")
    GIVES: ClassVar = {**ADDRESS, **CERTIFICATE, "answer": Fact("all that the port said", "text")}

    starttls: Protocol | None = field(
        default=None, metadata={"doc": "the protocol by whose words TLS is begun; the dialogue comes after it"}
    )
    dialogue: tuple[Step, ...] = field(
        default=(), metadata={"doc": "steps in turn, each with `send`, `expect` or both"}
    )

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        if self.tls and self.starttls:
            raise ValueError("tls and starttls exclude each other: the one begins at once, the other after some words")
        if self.starttls not in (None, *get_args(Protocol)):
            raise ValueError(f"starttls knows {', '.join(get_args(Protocol))}")
        if len(self.dialogue) > MOST_STEPS:
            raise ValueError(f"dialogue has {len(self.dialogue)} steps; at most {MOST_STEPS} are taken")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def before_tls(self) -> Protocol | None:
        """The words that were chosen."""
        return self.starttls

    def _look(self, watch: Watch) -> str:
        with self.reached(watch) as sock:
            talk = Talk(sock, watch, secrets=self._secrets())
            try:
                self._hold(talk, watch)
            finally:
                if talk.heard:
                    watch.values["answer"] = talk.shown(talk.heard)
                    watch.evidence["answer"] = talk.quoted()
        steps = len(self.dialogue)
        held = f", {steps} step{'s' if steps > 1 else ''} of the dialogue held" if steps else ""
        return f"connected to {watch.values['ip']}{held}"

    def _hold(self, talk: Talk, watch: Watch) -> None:
        for number, step in enumerate(self.dialogue, 1):
            watch.doing = f"step {number} of the dialogue"
            if words := step.words():
                talk.say(words)
            if step.expect:
                talk.expect(pattern(step.expect))

    def _secrets(self) -> Iterator[str]:
        for step in self.dialogue:
            if step.send_secret:
                yield step.send_secret.reveal()
                yield step.words().decode("utf-8", "replace")
