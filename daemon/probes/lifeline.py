"""What is known of something that calls in: its runs and how they ended, folded call by call into a few bytes."""

from typing import Annotated

import msgspec

from daemon.reading import Sign, SignKind, unpacked

RUNS = 20  # under way at once, of which we know
OVER = 20  # runs of which we know that they have ended
RECENT = 10  # calls that people are shown

At = Annotated[float, msgspec.Meta(ge=0, le=1e11)]  # an instant that a calendar has: notes that were spoilt have others


class Run(msgspec.Struct, frozen=True, array_like=True):
    """One that has begun and not ended. The name is the caller's, or empty."""

    name: str
    at: At


class End(msgspec.Struct, frozen=True, array_like=True):
    """How the last one ended."""

    kind: SignKind
    at: At
    name: str = ""
    code: int | None = None
    took: float | None = None  # None without a beginning
    body: bytes = b""
    size: int = 0


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One call, for people."""

    kind: SignKind
    at: At
    code: int | None = None


class Life(msgspec.Struct, frozen=True, array_like=True):
    """All that is known."""

    runs: tuple[Run, ...] = ()
    end: End | None = None
    well_at: At | None = None  # the last success
    lost_at: At | None = None  # when the run began that had not ended when the next began, too long after it
    over: tuple[str, ...] = ()
    log: bytes = b""
    recent: tuple[Call, ...] = ()


_encode = msgspec.msgpack.Encoder().encode


def read(notes: bytes) -> Life:
    """What is in these notes; of what nobody can read, nothing."""
    return unpacked(notes, Life) or Life()


def heard(notes: bytes, sign: Sign, longest: float | None) -> bytes:
    """The notes after this call. A run that takes more than `longest` is lost."""
    life = read(notes)
    life = msgspec.structs.replace(life, recent=(*life.recent, Call(sign.kind, sign.at, sign.code))[-RECENT:])
    if sign.kind is SignKind.START:
        return _encode(_begun(life, sign, longest))
    if sign.is_end:
        return _encode(_ended(life, sign, longest))
    return _encode(msgspec.structs.replace(life, log=sign.body))


def _begun(life: Life, sign: Sign, longest: float | None) -> Life:
    """A run begins. One that is called by its name again is the same; one without a name takes the other's place."""
    before = _run(life, sign.run)
    if sign.run and (before is not None or sign.run in life.over):
        return life
    runs = (*(run for run in life.runs if run is not before), Run(sign.run, sign.at))[-RUNS:]
    if before is not None and longest is not None and sign.at - before.at > longest:
        return msgspec.structs.replace(life, runs=runs, lost_at=before.at)
    return msgspec.structs.replace(life, runs=runs)


def _ended(life: Life, sign: Sign, longest: float | None) -> Life:
    """A run ends; with a success those are forgotten that should have ended long ago."""
    run = _run(life, sign.run)
    took = None if run is None else max(0.0, sign.at - run.at)
    if run is None and sign.run and life.end is not None and life.end.name == sign.run:
        took = life.end.took  # the same once more
    is_well = sign.kind is SignKind.SUCCESS
    return msgspec.structs.replace(
        life,
        runs=tuple(
            one
            for one in life.runs
            if one is not run and not (is_well and longest is not None and sign.at - one.at > longest)
        ),
        end=End(sign.kind, sign.at, sign.run, sign.code, took, sign.body, sign.size),
        well_at=sign.at if is_well else life.well_at,
        lost_at=None if is_well else life.lost_at,
        over=(*life.over, sign.run)[-OVER:] if sign.run else life.over,
    )


def _run(life: Life, name: str) -> Run | None:
    return next((run for run in life.runs if run.name == name), None)
