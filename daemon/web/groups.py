"""Which probes the status page shows, and in which groups. What no group has does not exist for it."""

from collections.abc import Iterable, Mapping

from daemon.clock import Clock, unhurried
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.config.statuspage import LONGEST, Shown, StatusPage
from daemon.fitting import begin, line
from daemon.history.covers import alarm_labels

REST = ""  # the group without a name: of probes that have no label to be grouped by

Groups = dict[str, tuple[str, ...]]  # the names of the probes in each, in order; none is empty


def grouped(settings: Settings, clock: Clock) -> Groups:
    """Find what is shown where."""
    page = settings.status_page
    if page is None:
        return {}
    if not page.groups:
        return _by_label(settings.probes.values(), page)
    found: dict[str, list[str]] = {name: [] for name in page.groups}
    left = dict(settings.probes)
    for name, group in page.groups.items():
        for probe in group.probes:
            if left.pop(probe, None) is not None:
                found[name].append(probe)
    choosing = {name: group for name, group in page.groups.items() if group.matchers}
    for plan in unhurried(clock, left.values()) if choosing else ():
        if (chosen := _first(choosing, alarm_labels(plan))) is not None:
            found[chosen].append(plan.name)
    return {name: tuple(probes) for name, probes in found.items() if probes}


def _first(groups: Mapping[str, Shown], labels: Mapping[str, str]) -> str | None:
    return next((name for name, one in groups.items() if all(test.matches(labels) for test in one.matchers)), None)


def _by_label(plans: Iterable[ProbePlan], page: StatusPage) -> Groups:
    """In the order of the file; those without the label come last."""
    found: dict[str, list[str]] = {}
    for plan in plans:
        found.setdefault(begin(line(plan.labels.get(page.group_by, REST)), LONGEST), []).append(plan.name)
    rest = found.pop(REST, [])
    return {name: tuple(probes) for name, probes in (found | ({REST: rest} if rest else {})).items()}
