"""Alertmanager's configuration as tocsin's."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.cli.importing.hours import names_of, time_intervals
from daemon.cli.importing.ledger import Ledger, Reference, Variable
from daemon.cli.importing.messengers import GLOBAL
from daemon.cli.importing.part import Part, leave_unknown
from daemon.cli.importing.receivers import KINDS, Receivers
from daemon.cli.importing.routes import inhibit_rules, route
from daemon.config.findings import Place, printable
from daemon.config.nodes import UnreadableError, compose
from daemon.config.yamltext import Value, written
from daemon.errors import ConfigError

LARGEST = 1024 * 1024  # of a file that tocsin reads
_TOP = frozenset(
    ("global", "templates", "route", "receivers", "inhibit_rules", "mute_time_intervals", "time_intervals")
)
_GLOBAL = frozenset(("http_config", "resolve_timeout")) | GLOBAL
_RESOLVE_TIMEOUT = "5m"  # the default, Alertmanager's and ours
_LEAST = 1.0  # seconds that tocsin takes for it
_OF_KINDS = {"smtp": "e-mail"} | {kind: what for kind, (what, _) in KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of it: the text of a tocsin.yml, and what has to be said about it, one line each."""

    text: str
    not_carried: list[str]
    different: list[str]
    needed: list[str]
    variables: dict[str, Variable] = field(repr=False)


def convert(text: str, file: str, folder: str) -> Imported:
    """Convert the text of `file`; relative paths in it are seen from `folder`.

    Raises ConfigError with everything for which Alertmanager would refuse it, too.
    """
    ledger = Ledger()
    try:
        node = compose(text, file, ledger.findings)
    except UnreadableError as error:
        ledger.wrong(error.place, (), error.sentence)
        raise ConfigError(ledger.findings.problems) from error
    top = Place(file, 1)
    if node is None:
        ledger.wrong(top, (), "there is nothing in it")
        raise ConfigError(ledger.findings.problems)
    root = Part(ledger, node, top)
    settings = _settings(root, folder)
    if ledger.findings.problems:
        raise ConfigError(ledger.findings.problems)
    whole = "".join(
        (*_head(ledger, file), *(f"\n{written({key: value}, kept)}" for key, value in settings.items() if value))
    )
    if len(whole.encode()) > LARGEST:
        raise ConfigError([f"{file}: would become larger than the {LARGEST} bytes that tocsin reads"])
    return Imported(
        text=whole,
        not_carried=ledger.not_carried,
        different=ledger.different,
        needed=ledger.needed,
        variables=ledger.variables,
    )


def _settings(root: Part, folder: str) -> dict[str, Value]:
    """Section after section, in the order in which they are written."""
    fields = root.table()
    if not fields:
        root.wrong("there is nothing in it; is it Alertmanager's configuration?")
        return {}
    general = fields["global"].table() if "global" in fields else {}
    _global(general)
    receivers = Receivers(root.ledger, general, folder)
    receivers.carry(fields["receivers"].items() if "receivers" in fields else [])
    hours = [one for key in ("mute_time_intervals", "time_intervals") if key in fields for one in fields[key].items()]
    intervals = names_of(hours)
    if "route" in fields:
        tree = route(fields["route"], receivers.names, intervals)
    else:
        root.wrong("has no route")
        tree = {}
    if "templates" in fields and fields["templates"].items():
        fields["templates"].left("texts in Go's template language are not read: tocsin writes its own")
    leave_unknown(fields, _TOP)
    return {
        "resolve_timeout": _resolve_timeout(general.get("resolve_timeout")),
        "channels": receivers.channels,
        "receivers": receivers.receivers,
        "route": tree,
        "inhibit_rules": inhibit_rules(fields["inhibit_rules"]) if "inhibit_rules" in fields else [],
        "time_intervals": time_intervals(hours, intervals),
    }


def _global(fields: dict[str, Part]) -> None:
    """Say what of `global` is lost."""
    told: set[str] = set()
    for key, part in fields.items():
        kind = key.partition("_")[0]
        if kind in _OF_KINDS:
            if kind not in told:
                part.left(f"{kind}_… are settings of {_OF_KINDS[kind]}, which is not carried over")
            told.add(kind)
        elif key not in _GLOBAL:
            part.left("tocsin does not know this setting")


def _resolve_timeout(part: Part | None) -> str:
    """How long an alert lasts that does not say when it ends; empty where that is the default."""
    if part is None or part.text() == _RESOLVE_TIMEOUT:
        return ""
    seconds = part.duration()
    if seconds < _LEAST:
        part.left(f"an alert that does not say when it ends is taken to end after {_RESOLVE_TIMEOUT}")
        return ""
    return part.text()


def kept(text: str) -> str:
    """Double the dollar signs where one of them would begin a reference that is none."""
    if isinstance(text, Reference) or not ("${" in text or "$$" in text):
        return text
    return text.replace("$", "$$")


def _head(ledger: Ledger, file: str) -> Iterator[str]:
    """Begin with comments that say the same as the import said."""
    yield f"# tocsin's settings, made from Alertmanager's {printable(file)} by `tocsinctl import`.\n"
    yield "# What is not here has its default: docs/configuration.md. Check it: tocsind --config FILE --check\n"
    for line in told(ledger.not_carried, ledger.different, ledger.needed):
        yield f"# {line}".rstrip() + "\n"


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
