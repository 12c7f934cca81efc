"""Who hears of tocsin's alarms about itself: they take the route tree like every other."""

from daemon.alerting import dedupe, route
from daemon.alerting.route import Node
from daemon.config.settings import Settings
from daemon.internal import KINDS, Check, event


def hearing(settings: Settings, check: Check) -> list[str]:
    """Name the receivers of this kind of alarm, whatever channel, source or handler it is about."""
    return _hearing(route.compiled(settings.route), check)


def unheard(settings: Settings) -> list[str]:
    """Warn of the kinds of which nobody would hear; nothing, or one sentence."""
    root = route.compiled(settings.route)
    telling = {name for name, receiver in settings.receivers.items() if receiver.notify}
    silent = [check for check in Check if telling.isdisjoint(_hearing(root, check))]
    if not silent:
        return []
    heard = [check for check in Check if check not in silent]
    which = ", ".join(silent)
    if len(heard) < len(silent):
        which = f"all but {', '.join(heard)}" if heard else "all"
    sentence = (
        f"alarms about tocsin itself ({which}) tell nobody and are recorded only; "
        'give the receiver of source="tocsin" a `notify:`, or route them to one that has it'
    )
    return [sentence]


def _hearing(root: Node, check: Check) -> list[str]:
    about = ("",) * len(KINDS[check].about)
    labels = dedupe.routing_labels(event(check, *about, title=""))
    return list(dict.fromkeys(node.receiver for node in route.matching(root, labels)))
