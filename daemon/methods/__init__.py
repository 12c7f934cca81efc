"""What can be asked of the daemon: one typed table that the ZeroMQ port and /rpc share."""

from daemon.methods import (
    acks,
    alerts,
    channels,
    config,
    deliveries,
    errors,
    events,
    explain,
    history,
    intervals,
    listing,
    maintenance,
    metrics,
    oncall,
    overrides,
    pausing,
    probes,
    quarantine,
    quota,
    replay,
    rules,
    sentry,
    silences,
    sources,
    status,
    templates,
)
from daemon.methods.parts import Parts
from daemon.methods.table import Table

__all__ = ["build"]


def build(parts: Parts) -> Table:
    """Make the table of all methods, working on these parts."""
    table = Table()
    listing.add(table)
    for noun in (
        status,
        alerts,
        explain,
        acks,
        events,
        deliveries,
        quarantine,
        channels,
        quota,
        oncall,
        overrides,
        probes,
        history,
        pausing,
        sources,
        intervals,
        templates,
        silences,
        maintenance,
        config,
        replay,
        metrics,
        rules,
        errors,
        sentry,
    ):
        noun.add(table, parts)
    return table
