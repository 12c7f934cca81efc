"""Following a log through its rotations: by renaming, by copying and truncating, several at once.

Everything here runs in a native thread, for a disk may hang; what must be known the next time is a value, `Trail`.

What was read is known by inode, by the first bytes of the file and by the last ones before the place. So a file that
was truncated is found out even when it has already grown beyond that place, and an inode that was given to another
file, too. What was rotated away is looked for beside the file: under its inode when it was renamed, by its content when
it was copied. Several rotations may lie between two looks: after one, what carries a rotated log's name and has changed
since is news, unless it begins as the file itself does.
"""

import os

import msgspec

from daemon.probes.files.bookmarks import Beside, Bookmark, beside, fits, head_of, is_copy, opened, read_on, reopened
from daemon.probes.files.lines import Reader, begin, beyond_the_hole

MOST_FORMER = 8  # files beside it that are still read, or known not to be

TRUNCATED = "it was truncated, and what had been written since the last look is nowhere beside it"
REPLACED = "it is another file now, and the former is nowhere beside it, or may not be read"


class Trail(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a log and of what was rotated away."""

    current: Bookmark | None = None  # None while no file of that name has been seen
    former: tuple[Bookmark, ...] = ()  # oldest first
    newest: int = 0  # nanoseconds: what lies beside it and has changed since is news


class Followed(msgspec.Struct, frozen=True):
    """What there was to see of the file itself."""

    trail: Trail
    size: int | None = None  # None: there is no such file
    changed: float = 0.0
    remark: str = ""  # what may be lost


def follow(path: str, trail: Trail | None, reader: Reader, *, from_start: bool) -> Followed:
    """Read all whole lines that were not read before, the oldest first. OSError when the file may not be read."""
    with opened(path) as file:
        # In this order: what changes while we look must be newer than what is noted.
        facts = None if file is None else os.fstat(file)
        others = _beside(path, trail, facts)
        if file is None or facts is None:
            return Followed(_without(trail or _first(None, others), others, reader))
        if trail is None:
            before, remark = _first(file, others, from_start=from_start), ""
        else:
            before, remark = _again(file, trail, others)
            if remark:  # unless it was rotated this very moment
                others = _beside(path, trail, facts)
                before, remark = _again(file, trail, others)
        former = read_on(before.former, others, reader)
        place = before.current or Bookmark(facts.st_ino)
        if not place.offset:
            place = place.from_start(beyond_the_hole(file))
        after = _remembered(Trail(place.read(file, reader), former, before.newest), others, facts.st_mtime_ns)
        return Followed(after, facts.st_size, facts.st_mtime, remark)


def _beside(path: str, trail: Trail | None, facts: os.stat_result | None) -> list[Beside]:
    """The other files."""
    found = beside(path, set() if trail is None else _inodes(trail))
    return [one for one in found if facts is None or one.inode != facts.st_ino]


def _inodes(trail: Trail) -> set[int]:
    return {one.inode for one in (trail.current, *trail.former) if one is not None}


def _first(file: int | None, others: list[Beside], *, from_start: bool = False) -> Trail:
    """Nothing is known: what lies beside it was read by others, and so was the file itself unless all is wanted."""
    known = []
    for one in others[-MOST_FORMER:]:
        with reopened(one) as former:
            if former is not None:
                known.append(_at_its_end(former))
    newest = max((one.changed for one in others), default=0)
    if file is None:
        return Trail(None, tuple(known), newest)
    return Trail(Bookmark(os.fstat(file).st_ino) if from_start else _at_its_end(file), tuple(known), newest)


def _at_its_end(file: int) -> Bookmark:
    facts = os.fstat(file)
    offset, skips = begin(file, facts.st_size)
    return Bookmark(facts.st_ino, offset, skips=skips).marked(file)


def _without(trail: Trail, others: list[Beside], reader: Reader) -> Trail:
    """There is no file of that name. What was one may have been renamed; else it may come back as it was."""
    if trail.current is None or not _renamed(trail.current, others):
        return msgspec.structs.replace(trail, former=read_on(trail.former, others, reader))
    former = (*trail.former, trail.current)
    former = (*former, *_news(None, former, trail.newest, others, may_be_rotated=True))
    return _remembered(Trail(None, read_on(former, others, reader), trail.newest), others, 0)


def _again(file: int, trail: Trail, others: list[Beside]) -> tuple[Trail, str]:
    """Find out what became of the file that was read: it goes on, was truncated, renamed, copied, or is gone."""
    before, remark = trail.current, ""
    former = tuple(one for one in trail.former if _is_still(one, others))
    place, goes_on = _place_in(file, trail, others)
    if before is not None and not goes_on:
        rest = _rest(before, others, trail)
        if rest is not None:
            former = (*(one for one in former if one.inode != rest.inode), rest)
        elif before.offset:
            remark = TRUNCATED if before.inode == os.fstat(file).st_ino else REPLACED
    # Of a file that was empty nobody can tell whether it still is the same one.
    may_be_rotated = before is None or not goes_on or not before.offset
    former = (*former, *_news(file, former, trail.newest, others, may_be_rotated=may_be_rotated))
    return Trail(place, former, trail.newest), remark


def _place_in(file: int, trail: Trail, others: list[Beside]) -> tuple[Bookmark | None, bool]:
    """Where to go on in the file itself, if it is known; and whether it is the one that was followed."""
    inode, before = os.fstat(file).st_ino, trail.current
    if before is not None and before.inode == inode and fits(file, before):
        return before, True
    for one in trail.former:  # renamed back to what it was
        if one.inode == inode and not one.is_copy and fits(file, one):
            return one, False
    # The same content under another inode: brought back from elsewhere, or a file system that numbers them anew.
    if before is None or not before.offset or before.inode == inode or _renamed(before, others):
        return None, False
    return (msgspec.structs.replace(before, inode=inode), True) if fits(file, before) else (None, False)


def _renamed(place: Bookmark, others: list[Beside]) -> bool:
    return any(one.inode == place.inode for one in others) and _is_still(place, others)


def _is_still(place: Bookmark, others: list[Beside]) -> bool:
    """Whether the file of that inode is still the same."""
    for one in others:
        if one.inode == place.inode:
            with reopened(one) as file:
                return file is not None and fits(file, place)
    return False


def _rest(place: Bookmark, others: list[Beside], trail: Trail) -> Bookmark | None:
    """Where the rest of what was being read lies now."""
    if _renamed(place, others):
        return place
    if not place.offset:
        return None
    copies = {one.inode for one in trail.former if one.is_copy}
    for one in reversed(others):
        if one.changed > trail.newest or one.inode in copies:
            with reopened(one) as file:
                if file is not None and fits(file, place):
                    return msgspec.structs.replace(place, inode=one.inode)
    return None


def _news(
    file: int | None, former: tuple[Bookmark, ...], newest: int, others: list[Beside], *, may_be_rotated: bool
) -> list[Bookmark]:
    """What lies beside it that nobody knows: wholly to be read after a rotation, else a copy of the file itself."""
    known = {one.inode for one in former}
    found = []
    for one in others:
        if one.inode in known or one.changed <= newest or not one.is_rotated:
            continue
        with reopened(one) as other:
            if other is None or not (head := head_of(other)):
                continue
            if not may_be_rotated or (file is not None and is_copy(file, other)):
                found.append(Bookmark(one.inode, len(head), is_copy=True).marked(other))
            else:
                found.append(Bookmark(one.inode))
    return found[-MOST_FORMER:]


def _remembered(trail: Trail, others: list[Beside], changed: int) -> Trail:
    """Forget what is too old, and note until when everything is known."""
    former = trail.former[-MOST_FORMER:]
    known = {one.inode for one in former}
    newest = max([trail.newest, changed, *(one.changed for one in others if one.inode in known)])
    return Trail(trail.current, former, newest)
