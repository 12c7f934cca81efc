"""What a restart must not forget of a probe, written and read, and how much of it still means something."""

import msgspec

from daemon.history.account import Account
from daemon.probing.watched import Kept
from daemon.reading import Health
from daemon.store.probes import Standing

LEAST = 300.0  # seconds for which a verdict means something in any case: an upgrade may take as long
INTERVALS = 4  # for as many intervals it does, where they are longer

_encode = msgspec.msgpack.Encoder().encode
_kept = msgspec.msgpack.Decoder(Kept).decode
_account = msgspec.msgpack.Decoder(Account).decode


def packed(probe: int, digests: tuple[str, str], kept: Kept, account: Account) -> Standing:
    """Write it."""
    settings, target = digests
    return Standing(probe=probe, settings=settings, target=target, kept=_encode(kept), account=_encode(account))


def unpacked(standing: Standing) -> tuple[Kept, Account] | None:
    """Read it; None for what another version wrote, which is as good as nothing."""
    try:
        return _kept(standing.kept), _account(standing.account)
    except ValueError:
        return None


def is_fresh(kept: Kept, every: float, now: float) -> bool:
    """Whether its verdict still means something."""
    return kept.read_at is not None and -LEAST <= now - kept.read_at <= max(LEAST, INTERVALS * every)


def broken_off(kept: Kept) -> Kept:
    """The same, but that a row of readings which the time between has broken off does not count."""
    return msgspec.structs.replace(kept, course=msgspec.structs.replace(kept.course, recent=()))


def read_again(kept: Kept, at: float) -> Kept:
    """The same, after readings that said what the verdict says."""
    course = kept.course
    if course.verdict is Health.UP:
        course = msgspec.structs.replace(course, last_well=at)
    return msgspec.structs.replace(kept, course=course, read_at=at)
