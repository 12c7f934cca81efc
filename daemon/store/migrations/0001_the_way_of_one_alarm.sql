-- Alerts, what was said of them, to whom it goes, and what could not be used.
-- Times are seconds since the epoch; lists and maps are JSON text.

-- What this store is called towards providers: the ids of every store begin at 1, an account may serve several.
CREATE TABLE store_name (name TEXT NOT NULL);
INSERT INTO store_name VALUES (lower(hex(randomblob(4))));

CREATE TABLE alerts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL,
    source      TEXT NOT NULL,
    key         TEXT NOT NULL,
    state       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    labels      TEXT NOT NULL,
    links       TEXT NOT NULL,
    started_at  REAL NOT NULL,
    ended_at    REAL,
    first_seen  REAL NOT NULL,
    last_seen   REAL NOT NULL,
    count       INTEGER NOT NULL
);
-- One open alert for one problem.
CREATE UNIQUE INDEX alerts_open ON alerts (fingerprint) WHERE state = 'firing';
CREATE INDEX alerts_over ON alerts (last_seen) WHERE state = 'resolved';

-- The notice log: what was said to whom about what, and why. "Was it told?" is asked of this table only.
CREATE TABLE notices (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    receiver TEXT NOT NULL,
    reason   TEXT NOT NULL,
    at       REAL NOT NULL,
    alert    TEXT NOT NULL
);
CREATE INDEX notices_of_alert ON notices (alert_id);

-- The outbox: one row per recipient and channel.
CREATE TABLE deliveries (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id      INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    channel        TEXT NOT NULL,
    recipient      TEXT NOT NULL,
    address        TEXT NOT NULL,
    urgency        INTEGER NOT NULL,
    phase          TEXT NOT NULL,
    created_at     REAL NOT NULL,
    due_at         REAL NOT NULL,
    lease_until    REAL NOT NULL DEFAULT 0,
    attempts       INTEGER NOT NULL DEFAULT 0,
    first_try_at   REAL,
    tried_at       REAL, -- when the last try began: a provider is asked about it no sooner than it can know
    settled_at     REAL,
    provider_id    TEXT NOT NULL DEFAULT '',
    reason         TEXT NOT NULL DEFAULT '',
    hops           TEXT NOT NULL DEFAULT '[]',
    alone          INTEGER NOT NULL DEFAULT 0,
    interrupted    INTEGER NOT NULL DEFAULT 0 -- tries that may have arrived
);
CREATE INDEX deliveries_waiting ON deliveries (channel, urgency, id, due_at, phase) WHERE phase = 'waiting';
-- What a channel that does not work may give up: rows with another way to go, and those that are too old.
CREATE INDEX deliveries_with_hops ON deliveries (channel, urgency, id) WHERE phase = 'waiting' AND hops <> '[]';
CREATE INDEX deliveries_by_age ON deliveries (channel, created_at) WHERE phase = 'waiting';
CREATE INDEX deliveries_sending ON deliveries (lease_until) WHERE phase = 'sending';
CREATE INDEX deliveries_dead ON deliveries (id) WHERE phase = 'dead';
CREATE INDEX deliveries_of_notice ON deliveries (notice_id);

-- What each stage decided about an alert, in order: one row per event that changed something.
CREATE TABLE trace (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    at       REAL NOT NULL,
    steps    TEXT NOT NULL
);
CREATE INDEX trace_of_alert ON trace (alert_id);

-- Requests that made no events: kept within bounds, redacted, replayable. The body is the last of its row: whatever
-- reads the other columns need not walk over a megabyte.
CREATE TABLE quarantine (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           REAL NOT NULL,
    kind         TEXT NOT NULL,
    source       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    remote       TEXT NOT NULL,
    content_type TEXT NOT NULL,
    headers      TEXT NOT NULL,
    query        TEXT NOT NULL,
    size         INTEGER NOT NULL,
    replayed_at  REAL,
    failed_at    REAL, -- when it was last fed through again and still made no events
    body         BLOB NOT NULL
);
CREATE INDEX quarantine_of_kind ON quarantine (kind, id);
CREATE INDEX quarantine_waiting ON quarantine (source, kind) WHERE replayed_at IS NULL;

-- The last end heard of a problem while a request of its source waited in quarantine: that request may hold the
-- problem's beginning. `heard_at` is by our clock, `ended_at` by the source's, where it said one.
CREATE TABLE ends (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    heard_at    REAL NOT NULL,
    ended_at    REAL
);
CREATE INDEX ends_by_age ON ends (heard_at);
