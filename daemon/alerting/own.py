"""Who hears of tocsin's alarms about itself: they take the route tree like every other."""

from daemon.alerting import dedupe, route
from daemon.config.settings import Settings
from daemon.internal import KINDS, Check, event


def hearing(settings: Settings, check: Check) -> list[str]:
    """Name the receivers of this kind of alarm, whatever channel, source or handler it is about."""
    about = ("",) * len(KINDS[check].about)
    return route.receivers(settings.route, dedupe.routing_labels(event(check, *about, title="")))


def unheard(settings: Settings) -> list[str]:
    """Warn of the kinds of which nobody would hear; nothing, or one sentence."""
    silent = [
        check
        for check in Check
        if not any(settings.receivers[name].notify for name in hearing(settings, check) if name in settings.receivers)
    ]
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
