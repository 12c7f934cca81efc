"""What the status page is to show: groups that are not empty, of probes that there are."""

from collections.abc import Iterator

from daemon.config.findings import quoted
from daemon.config.parents import no_probe
from daemon.config.settings import Settings
from daemon.config.statuspage import LONGEST
from daemon.config.written import Problem


def unknown(settings: Settings) -> Iterator[Problem]:
    """Groups and names are of probes that there are."""
    page = settings.status_page
    if page is None:
        return
    for name, group in page.groups.items():
        path = ("status_page", "groups", name)
        if not name.strip() or not name.isprintable() or len(name) > LONGEST:
            yield path, f"a group's name has 1 to {LONGEST} characters that can be printed"
        if not group.probes and not group.matchers:
            yield path, "names nothing: write probes: [one, two], or matchers: ['team=\"shop\"']"
        for probe in group.probes:
            if probe not in settings.probes:
                yield (*path, "probes"), no_probe(probe, settings.probes)
    for probe in page.names:
        if probe not in settings.probes:
            yield ("status_page", "names", probe), no_probe(probe, settings.probes)


def twice(settings: Settings) -> Iterator[Problem]:
    """A probe is shown once: where it is named a second time, nothing is seen of it."""
    first: dict[str, str] = {}
    for name, group in (settings.status_page.groups if settings.status_page else {}).items():
        for probe in group.probes:
            if probe in first:
                yield (
                    ("status_page", "groups", name, "probes"),
                    f"{quoted(probe)} is shown in the group {quoted(first[probe])} already, and not here",
                )
            first.setdefault(probe, name)
