"""What an import comes to: the texts of files, and what has to be said about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from daemon.cli.importing.ledger import Ledger, Reference, Variable
from daemon.config.findings import printable
from daemon.config.yamltext import Value, written

LARGEST = 1024 * 1024  # of a file that tocsin reads
ROOM = 900_000  # of it, for probes; what has to be said stands before them
MOST_PROBES = 2_000  # of a file: it has so many values at most, too


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of it: the text of a file, of more of them where one would be too large, and what has to be said."""

    text: str
    more: tuple[str, ...] = ()
    not_carried: list[str]
    different: list[str]
    needed: list[str]
    variables: dict[str, Variable] = field(repr=False)


def kept(text: str) -> str:
    """Double the dollar signs where one of them would begin a reference that is none."""
    if isinstance(text, Reference) or not ("${" in text or "$$" in text):
        return text
    return text.replace("$", "$$")


def told(not_carried: list[str], different: list[str], needed: list[str]) -> Iterator[str]:
    """Say it all, line by line, for a person."""
    for title, sentences in (
        ("Not carried over:", not_carried),
        ("Carried over, and not quite the same:", different),
        ("Needed before tocsin starts (variables belong in /etc/default/tocsin):", needed),
    ):
        if sentences:
            yield ""
            yield title
            yield from (f"{number:3}. {sentence}" for number, sentence in enumerate(sentences, 1))


def finished(ledger: Ledger, head: str, parts: list[str]) -> Imported:
    """Put comments that say the same as the import says before the first part."""
    not_carried, different, needed = ledger.not_carried, ledger.different, ledger.needed
    said = "".join(f"# {line}".rstrip() + "\n" for line in told(not_carried, different, needed))
    if len(said) > LARGEST - ROOM:
        said = f"\n# {len(not_carried)} things are not carried over, {len(different)} not quite the same.\n"
    first, *more = parts or [""]
    return Imported(
        text=head + said + first,
        more=tuple(head + one for one in more),
        not_carried=not_carried,
        different=different,
        needed=needed,
        variables=ledger.variables,
    )


def fragment(ledger: Ledger, what: str, file: str, probes: Mapping[str, Value], **sections: Value) -> Imported:
    """Write `probes:` as files that a tocsin.yml includes."""
    head = (
        f"# Probes made from {what}'s {printable(file)} by `tocsinctl import`.\n"
        "# Name this file below `include:` of tocsin.yml, then check: tocsind --config tocsin.yml --check\n"
    )
    first = "".join(f"\n{written({name: one}, kept)}" for name, one in sections.items() if one)
    parts = ["\nprobes:\n" + "".join(blocks) for blocks in _files(probes)]
    return finished(ledger, head, [first + "".join(parts[:1]), *parts[1:]])


def _files(probes: Mapping[str, Value]) -> Iterator[list[str]]:
    """Share them out among files that tocsin reads."""
    blocks: list[str] = []
    room = ROOM
    for name, probe in probes.items():
        block = written({"probes": {name: probe}}, kept).partition("\n")[2]
        room -= len(block.encode())
        if blocks and (room < 0 or len(blocks) == MOST_PROBES):
            yield blocks
            blocks, room = [], ROOM - len(block.encode())
        blocks.append(block)
    if blocks:
        yield blocks
