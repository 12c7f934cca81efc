"""Hand each message to a program of the operator's."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from daemon.blotted import blotted
from daemon.declared import Answers, failed, refused, sent, wait
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.notice import Acceptance, Message
from daemon.programs import BASIC, check_environment, run
from daemon.secret import Secret
from daemon.senders.base import Sender, sender
from daemon.senders.document import body
from daemon.units import Seconds

WAIT_ON: tuple[int, ...] = ()
REFUSED_ON = (64, 65, 67, 68)  # of sysexits.h: usage, data, no such user, no such host
BROKEN_ON = (77, 78)  # permission, configuration: no message mends that
LATER = 75
MOST_CODE = 255
SIGNALLED = "signal *"


def _answers(wait_on: tuple[int, ...], wait_for: float, refused_on: tuple[int, ...]) -> Answers:
    """What exit codes mean; one that is named waits or refuses, whatever it would mean else."""
    named = {*wait_on, *refused_on}
    broken = tuple(str(code) for code in BROKEN_ON if code not in named)
    lines = [
        sent("0"),
        wait(*map(str, wait_on), means="not now, by `wait_on`", seconds=wait_for),
        failed(*({str(LATER)} if LATER not in named else ()), means="not now (EX_TEMPFAIL)"),
        refused(*map(str, refused_on), means="never this message, by `refused_on`"),
        refused(*broken, means="not allowed to, or not set up (EX_NOPERM, EX_CONFIG)", scope=Scope.CHANNEL),
        failed(SIGNALLED, means="a signal ended it", ambiguous=True),
    ]
    return Answers(*(line for line in lines if line.codes))


@sender("command")
@dataclass(frozen=True, kw_only=True)
class Command(Sender):
    """A room: a program that reads the message as JSON, and whose exit code says what became of it."""

    answers: ClassVar[Answers | None] = _answers(WAIT_ON, 60.0, REFUSED_ON)

    argv: tuple[str, ...] = field(
        metadata={"doc": "the program with its full path, then its arguments; no shell reads them"}
    )
    env: dict[str, Secret] = field(
        default_factory=dict, metadata={"doc": "further variables of its environment; their values are secrets"}
    )
    wait_on: tuple[int, ...] = field(
        default=WAIT_ON, metadata={"doc": "exit codes after which the channel rests", "least": 1, "most": MOST_CODE}
    )
    wait_for: Seconds = field(
        default=Seconds(60.0), metadata={"doc": "for how long it then rests", "least": 1, "most": 3600}
    )
    refused_on: tuple[int, ...] = field(
        default=REFUSED_ON,
        metadata={"doc": "exit codes after which the message is not tried again", "least": 1, "most": MOST_CODE},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be run."""
        check_program(self.argv)
        check_environment({name: value.reveal() for name, value in self.env.items()})
        for name in ("wait_on", "refused_on"):
            if not all(1 <= code <= MOST_CODE for code in getattr(self, name)):
                raise ValueError(f"{name}: an exit code is 1 to {MOST_CODE}; 0 always means sent")
        if both := {*self.wait_on} & {*self.refused_on}:
            raise ValueError(f"{min(both)} stands in both wait_on and refused_on; keep one")

    def send(self, message: Message) -> Acceptance:
        """Run it once, for as long as a try may take."""
        environment = BASIC | {name: value.reveal() for name, value in self.env.items()}
        environment["TOCSIN_DELIVERY"] = message.out_id
        try:
            ended = run(self.argv, body(message), environment, self.timeout)
        except (OSError, ValueError) as error:
            words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            said = f"{self.argv[0]} cannot be started: {words}"
            raise SendRefused(said, code="start", scope=Scope.CHANNEL) from error
        said = self._first_line(ended.err) or self._first_line(ended.out)
        if ended.code is None:
            what = f"{self.argv[0]} was killed after {self.timeout:g} s"
            raise SendFailed(_told(what, said), code="timeout", ambiguous=True)
        code = str(ended.code) if ended.code >= 0 else f"signal {-ended.code}"
        error_ = self._meaning.error(code, _told(f"{self.argv[0]} ended with {code}", said))
        if error_ is not None:
            raise error_
        return Acceptance(detail=_told(f"{self.argv[0]} ended with 0", self._first_line(ended.out)))

    def target(self) -> str:
        """Name the program; its arguments may tell too much."""
        return self.argv[0]

    @property
    def _meaning(self) -> Answers:
        return _answers(self.wait_on, self.wait_for, self.refused_on)

    def _first_line(self, output: bytes) -> str:
        hidden = sorted((value.reveal() for value in self.env.values() if value), key=len, reverse=True)
        said = output.decode("utf-8", "replace").strip()
        for secret in hidden:  # before a line is taken: a secret may have several
            said = said.replace(secret, "***")
        return blotted(said.partition("\n")[0], hidden)


def check_program(argv: tuple[str, ...]) -> None:
    """Refuse what is no program that tocsin may run."""
    if not argv:
        raise ValueError("argv is empty: write the program with its full path, then its arguments")
    program = argv[0]
    if any("\0" in one for one in argv):
        raise ValueError("argv holds a zero byte")
    if not program.startswith("/"):
        raise ValueError(f"argv: {program!r} is no full path: write for example /usr/local/bin/notify")
    if not Path(program).is_file():
        raise ValueError(f"argv: there is no file {program}")
    if not os.access(program, os.X_OK):
        raise ValueError(f"argv: {program} cannot be run by tocsin's user: chmod +x it")


def _told(what: str, said: str) -> str:
    return f"{what}: {said}" if said else what
