"""Every kind of alarm that tocsin raises about itself: the table of `docs/hearing/internal.md`."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from daemon.event import Severity


class Check(StrEnum):
    """What was found wrong: the value of the label `check`, and the beginning of the alarm's key."""

    HUB_LAG = "hub_lag"
    DISK_FREE = "disk_free"
    DISK_FILLING = "disk_filling"
    CLOCK = "clock"
    STORE = "store"
    SELF_CHECK = "self_check"
    HANDLER = "handler"
    REFUSED = "refused"
    QUARANTINE = "quarantine"
    NOBODY = "nobody"
    AUDIT = "audit"
    BREAKER = "breaker"
    FAIL_OVER = "fail_over"
    DEAD = "dead"
    QUOTA = "quota"
    QUOTA_SPENT = "quota_spent"
    AMENDED = "amended"
    UNREADABLE = "unreadable"
    CANARY = "canary"
    UNCONFIRMED = "unconfirmed"
    SILENCE = "silence"
    BLIND = "blind"
    STATSD_LOST = "statsd_lost"
    STATSD_DOOR = "statsd_door"
    SYSLOG_LOST = "syslog_lost"
    SYSLOG_DOOR = "syslog_door"
    SERIES = "series"
    RULE = "rule"
    REDIS = "redis"
    REDIS_LIST = "redis_list"
    REDIS_BEHIND = "redis_behind"
    SCRAPE = "scrape"
    CHECK_IN = "check_in"
    REPORTS = "reports"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `about` are the labels that tell two alarms of this kind apart."""

    severity: Severity
    about: tuple[str, ...] = ()
    means: str
    ends: str


QUIET = "after a `self_checks.window` without another"
WORKS = "once the channel has worked for a while without another; at the latest " + QUIET
RENEWED = "with the day or month, or when the quota is raised"

KINDS: Mapping[Check, Kind] = {
    Check.HUB_LAG: Kind(
        severity=Severity.WARNING,
        means="The event loop was held up longer than `self_checks.hub_lag`: everything was late.",
        ends=QUIET,
    ),
    Check.DISK_FREE: Kind(
        severity=Severity.ERROR,
        means="Beside the store less than `self_checks.disk_free` is left.",
        ends="when a tenth more than that is free again",
    ),
    Check.DISK_FILLING: Kind(
        severity=Severity.WARNING,
        means="There is room, but at the present rate the disk is full within `self_checks.disk_full_within`.",
        ends="when it would take twice as long, or no longer fills",
    ),
    Check.CLOCK: Kind(
        severity=Severity.WARNING,
        means="The wall clock was set, or the machine slept.",
        ends=QUIET,
    ),
    Check.STORE: Kind(
        severity=Severity.CRITICAL,
        means="The store cannot be written. While it lasts, people are told past the outbox; the alarm is its record.",
        ends="a minute after it could be written again",
    ),
    Check.SELF_CHECK: Kind(
        severity=Severity.ERROR,
        about=("of",),
        means="One of the looks behind this table broke: what it looks for would not be seen.",
        ends=QUIET,
    ),
    Check.HANDLER: Kind(
        severity=Severity.ERROR,
        about=("handler",),
        means="A handler raised what is no refusal, or could not be loaded. Its requests wait in quarantine.",
        ends="when one of those requests was replayed, or " + QUIET,
    ),
    Check.REFUSED: Kind(
        severity=Severity.WARNING,
        about=("kind", "refused"),
        means="Webhooks of a source are refused: no such source, wrong credentials, or a body that cannot be used.",
        ends=QUIET,
    ),
    Check.QUARANTINE: Kind(
        severity=Severity.WARNING,
        means="`self_checks.quarantine` or more requests of known sources wait in quarantine, or push out older ones.",
        ends="when fewer than half as many wait, and none is pushed out",
    ),
    Check.NOBODY: Kind(
        severity=Severity.ERROR,
        about=("receiver",),
        means="A receiver was to be told, but there was nobody: no address, or nobody on call.",
        ends=QUIET,
    ),
    Check.AUDIT: Kind(
        severity=Severity.ERROR,
        means="Open alerts had no valid next instant, or something is long past its own. What was missing is set anew.",
        ends="with the first look that finds nothing",
    ),
    Check.BREAKER: Kind(
        severity=Severity.ERROR,
        about=("channel",),
        means="A channel does not work: nothing but trials is sent over it.",
        ends="once the channel has worked for a while",
    ),
    Check.FAIL_OVER: Kind(
        severity=Severity.WARNING,
        about=("channel",),
        means="Messages had to take another way.",
        ends=WORKS,
    ),
    Check.DEAD: Kind(
        severity=Severity.ERROR,
        about=("channel",),
        means="Messages were given up: see `tocsinctl deliveries list --phase dead`.",
        ends=WORKS,
    ),
    Check.QUOTA: Kind(
        severity=Severity.WARNING,
        about=("channel", "quota"),
        means="A quota of the channel is used beyond its `warn_at`; the text says when it will be gone at this rate.",
        ends=RENEWED,
    ),
    Check.QUOTA_SPENT: Kind(
        severity=Severity.ERROR,
        about=("channel", "quota"),
        means="Of a quota of the channel only the reserve is left, or nothing: what is not critical goes elsewhere,"
        " or is told in digests.",
        ends=RENEWED,
    ),
    Check.AMENDED: Kind(
        severity=Severity.WARNING,
        about=("channel",),
        means="A message of the channel went, but otherwise than it was meant to: above all with the built-in text"
        " where a template did not render. The alarm says what to mend.",
        ends=QUIET,
    ),
    Check.UNREADABLE: Kind(
        severity=Severity.ERROR,
        about=("channel",),
        means="Rows of the outbox make no sense and went to the dead letters.",
        ends=QUIET,
    ),
    Check.CANARY: Kind(
        severity=Severity.ERROR,
        about=("channel",),
        means="The daily canary of a channel was not taken, or is not known to have arrived.",
        ends="when one arrives; it is sent again every 10 minutes",
    ),
    Check.UNCONFIRMED: Kind(
        severity=Severity.WARNING,
        about=("channel",),
        means="A channel was not seen to work for longer than `confirmed_within`.",
        ends="with the next delivery that is confirmed",
    ),
    Check.SILENCE: Kind(
        severity=Severity.INFO,
        about=("silence",),
        means="A silence that hid something is about to end (`silences.warn_before`); the label `author` says whose.",
        ends="when the silence does, or holds for longer",
    ),
    Check.BLIND: Kind(
        severity=Severity.CRITICAL,
        means="Most of `sight.references` do not answer, or most of `sight.names` cannot be looked up: tocsin itself is"
        " cut off, and what its probes find beyond this machine means nothing.",
        ends="when most of them answer again",
    ),
    Check.STATSD_LOST: Kind(
        severity=Severity.WARNING,
        about=("door",),
        means="Datagrams of statsd came faster than they could be read, and the kernel had no room for more: what they"
        " told is missing in the numbers.",
        ends=QUIET,
    ),
    Check.STATSD_DOOR: Kind(
        severity=Severity.ERROR,
        about=("door",),
        means="A door of statsd could not be opened where a changed configuration wants it: it is shut.",
        ends="when it could be opened, or " + QUIET,
    ),
    Check.SYSLOG_LOST: Kind(
        severity=Severity.WARNING,
        means="Lines of syslog came faster than they could be looked at, or the kernel had no room for more: what they"
        " told is neither counted nor an alarm.",
        ends=QUIET,
    ),
    Check.SYSLOG_DOOR: Kind(
        severity=Severity.ERROR,
        about=("door",),
        means="A door of syslog could not be opened where a changed configuration wants it: it is shut.",
        ends="when it could be opened, or " + QUIET,
    ),
    Check.SERIES: Kind(
        severity=Severity.WARNING,
        about=("series",),
        means="A name has more series than `series.most_per_name`, or all together (`*`) are more than `series.most`;"
        ' the text says which label has how many values. What is beyond goes to one series with `other="true"`.',
        ends="when there is room again, and nothing was beyond in between",
    ),
    Check.RULE: Kind(
        severity=Severity.WARNING,
        means="Threshold rules ask of series what cannot be asked of them, or have more groups than are watched.",
        ends="when none of them does",
    ),
    Check.REDIS: Kind(
        severity=Severity.ERROR,
        about=("server",),
        means="A Redis of `redis_lists` cannot be read for a minute: what applications push waits there.",
        ends="when it can be read again",
    ),
    Check.REDIS_LIST: Kind(
        severity=Severity.WARNING,
        about=("server", "list"),
        means="What should be a list of `redis_lists` is none, or lies on another node of a cluster.",
        ends="when it can be read, or " + QUIET,
    ),
    Check.REDIS_BEHIND: Kind(
        severity=Severity.WARNING,
        about=("server", "list"),
        means="In a list wait as many entries as `behind` says, or the oldest were thrown away beyond its `most`.",
        ends="when fewer than half as many wait, or " + QUIET,
    ),
    Check.SCRAPE: Kind(
        severity=Severity.WARNING,
        about=("scrape",),
        means="A page of `scrapes` could not be read for five minutes: rules see nothing new of it.",
        ends="when it can be read again",
    ),
    Check.CHECK_IN: Kind(
        severity=Severity.WARNING,
        about=("app",),
        means="Jobs of an application check in over the Sentry SDK, and no heartbeat has their name: nobody would miss"
        " them. The text has the probe to add.",
        ends=QUIET,
    ),
    Check.REPORTS: Kind(
        severity=Severity.WARNING,
        about=("app",),
        means="Errors that an application reports over the Sentry SDK are refused: they come faster than its `rate`, or"
        " its part of `sentry.spool` is full. Or they wait for five minutes to be worked through.",
        ends=QUIET,
    ),
}
