"""Alertmanager's configuration as tocsin's."""

from daemon.cli.importing.hours import names_of, time_intervals
from daemon.cli.importing.imported import LARGEST, Imported, finished, kept
from daemon.cli.importing.ledger import Ledger
from daemon.cli.importing.messengers import GLOBAL
from daemon.cli.importing.part import Part, document, leave_unknown
from daemon.cli.importing.receivers import KINDS, Receivers
from daemon.cli.importing.routes import inhibit_rules, route
from daemon.config.findings import Place, printable
from daemon.config.yamltext import Value, written
from daemon.errors import ConfigError

_TOP = frozenset(
    ("global", "templates", "route", "receivers", "inhibit_rules", "mute_time_intervals", "time_intervals")
)
_GLOBAL = frozenset(("http_config", "resolve_timeout")) | GLOBAL
_RESOLVE_TIMEOUT = "5m"  # the default, Alertmanager's and ours
_LEAST = 1.0  # seconds that tocsin takes for it
_OF_KINDS = {"smtp": "e-mail"} | {kind: what for kind, (what, _) in KINDS.items()}


def convert(text: str, file: str, folder: str) -> Imported:
    """Convert the text of `file`; relative paths in it are seen from `folder`.

    Raises ConfigError with everything for which Alertmanager would refuse it, too.
    """
    ledger = Ledger()
    root = document(ledger, text, file)
    if root is None:
        ledger.wrong(Place(file, 1), (), "there is nothing in it")
        raise ConfigError(ledger.findings.problems)
    settings = _settings(root, folder)
    if ledger.findings.problems:
        raise ConfigError(ledger.findings.problems)
    head = (
        f"# tocsin's settings, made from Alertmanager's {printable(file)} by `tocsinctl import`.\n"
        "# What is not here has its default: docs/configuration.md. Check it: tocsind --config FILE --check\n"
    )
    made = finished(ledger, head, ["".join(f"\n{written({key: one}, kept)}" for key, one in settings.items() if one)])
    if len(made.text.encode()) > LARGEST:
        raise ConfigError([f"{file}: would become larger than the {LARGEST} bytes that tocsin reads"])
    return made


def _settings(root: Part, folder: str) -> dict[str, Value]:
    """Section after section, in the order in which they are written."""
    fields = root.table()
    if not fields:
        root.wrong("there is nothing in it that Alertmanager, Gatus or Uptime Kuma would have written")
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
