-- What probes saw (docs/decisions/0032-history.md). Instants are milliseconds since the epoch, but a tier's start, which
-- is seconds. What is written all the time is laid down in the order of time, so that new rows touch few pages.

-- A probe's number, by its name; the numbers of probes that are gone stay theirs while anything is kept of them.
CREATE TABLE probe_names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- What a restart must not forget of each probe.
CREATE TABLE probe_standings (
    probe    INTEGER PRIMARY KEY,
    settings TEXT NOT NULL,
    target   TEXT NOT NULL,
    kept     BLOB NOT NULL,
    account  BLOB NOT NULL
);

-- Every reading, for a short while.
CREATE TABLE probe_readings (
    at     INTEGER NOT NULL,
    probe  INTEGER NOT NULL,
    health INTEGER NOT NULL,
    took   INTEGER NOT NULL,
    phases BLOB NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (at, probe)
) WITHOUT ROWID;

-- The last failures of each probe, with all that is known of them.
CREATE TABLE probe_failures (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    probe INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    story BLOB NOT NULL
);
CREATE INDEX probe_failures_of ON probe_failures (probe, at);

-- What readings add up to: in minutes, hours and days.
CREATE TABLE probe_tiers (
    span  INTEGER NOT NULL,
    start INTEGER NOT NULL,
    probe INTEGER NOT NULL,
    tally BLOB NOT NULL,
    PRIMARY KEY (span, start, probe)
) WITHOUT ROWID;

-- From when on a probe's time counts as what; in another layer what covers that, and when nothing does any more.
CREATE TABLE probe_turns (
    probe INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    time  INTEGER NOT NULL,
    PRIMARY KEY (probe, layer, at)
) WITHOUT ROWID;

-- From when to when it was down or degraded, why, and what ended that.
CREATE TABLE probe_incidents (
    probe  INTEGER NOT NULL,
    began  INTEGER NOT NULL,
    health INTEGER NOT NULL,
    ended  INTEGER,
    reason TEXT NOT NULL,
    ending TEXT NOT NULL,
    PRIMARY KEY (probe, began, health)
) WITHOUT ROWID;
CREATE INDEX probe_incidents_open ON probe_incidents (probe) WHERE ended IS NULL;
