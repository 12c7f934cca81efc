-- Groups of alerts, what was told of them, what mutes them, and every instant at which something is to be done.

-- What one route gathers under one key, for one receiver. `key` is the canonical form of what makes it a group.
CREATE TABLE groups (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    node       TEXT NOT NULL,
    receiver   TEXT NOT NULL,
    key        TEXT NOT NULL,
    labels     TEXT NOT NULL,
    began_at   REAL, -- its first flush, from which its ticks are counted; NULL while it is new or empty
    flushed_at REAL, -- its last flush
    next_at    REAL, -- when it is to be flushed; NULL when nothing in it can change by itself
    UNIQUE (node, receiver, key)
);
CREATE INDEX groups_due ON groups (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX groups_idle ON groups (flushed_at) WHERE began_at IS NULL;

CREATE TABLE members (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    leaving  INTEGER NOT NULL DEFAULT 0, -- it is routed elsewhere now; only its end is still told here
    muted    TEXT NOT NULL DEFAULT '', -- why it was not told at the last flush
    PRIMARY KEY (group_id, alert_id)
) WITHOUT ROWID;
CREATE INDEX members_of_alert ON members (alert_id);

-- What a receiver was last told of a group: the fingerprints that fire, each with its severity. Those of its legs that
-- hear of ends and those that do not are told apart.
CREATE TABLE told (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    of_ends  INTEGER NOT NULL,
    at       REAL NOT NULL,
    firing   TEXT NOT NULL,
    aside    TEXT NOT NULL, -- told before that, but muted when the last notice was made
    PRIMARY KEY (group_id, of_ends)
) WITHOUT ROWID;

-- A notice is about several alerts: `alert_id` is the most important of them, `alerts` how they stood.
ALTER TABLE notices ADD COLUMN group_id INTEGER REFERENCES groups (id) ON DELETE SET NULL;
ALTER TABLE notices ADD COLUMN alerts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE notices ADD COLUMN firing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN resolved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE notices ADD COLUMN note TEXT NOT NULL DEFAULT '';
UPDATE notices SET alerts = '[' || alert || ']', firing = reason <> 'resolved', resolved = reason = 'resolved';
UPDATE notices SET reason = 'all_resolved' WHERE reason = 'resolved';
ALTER TABLE notices DROP COLUMN alert;
CREATE INDEX notices_of_group ON notices (group_id);

-- What one recipient is told of a group over one leg, whichever channel of the leg it takes in the end.
ALTER TABLE deliveries ADD COLUMN chain TEXT NOT NULL DEFAULT '';

CREATE TABLE notice_alerts (
    alert_id  INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    notice_id INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    PRIMARY KEY (alert_id, notice_id)
) WITHOUT ROWID;
CREATE INDEX alerts_of_notice ON notice_alerts (notice_id);
INSERT INTO notice_alerts SELECT alert_id, id FROM notices;

-- Open alerts that mute others: one row for each rule whose source matchers they match.
CREATE TABLE inhibitors (
    equal    TEXT NOT NULL, -- the rule's `equal` labels with their values
    rule     TEXT NOT NULL,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    both     INTEGER NOT NULL, -- it is a target of the rule as well
    PRIMARY KEY (equal, rule, alert_id)
) WITHOUT ROWID;
CREATE INDEX inhibitors_by_rule ON inhibitors (rule);
CREATE INDEX inhibitors_of_alert ON inhibitors (alert_id);

-- Silences and maintenance windows.
CREATE TABLE silences (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid           TEXT NOT NULL UNIQUE, -- what Alertmanager's API calls it
    kind           TEXT NOT NULL, -- silence or maintenance
    name           TEXT NOT NULL DEFAULT '', -- of a maintenance window
    matchers       TEXT NOT NULL,
    starts_at      REAL NOT NULL,
    ends_at        REAL, -- NULL while it has none: until resolved, or until it is closed
    until_resolved INTEGER NOT NULL DEFAULT 0,
    during         TEXT NOT NULL DEFAULT '', -- of a recurring one: the intervals in which it mutes
    author         TEXT NOT NULL,
    comment        TEXT NOT NULL,
    annotations    TEXT NOT NULL DEFAULT '{}',
    created_at     REAL NOT NULL,
    updated_at     REAL NOT NULL,
    ended_by       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX silences_by_end ON silences (ends_at);
-- Another word after every change of what mutes alerts by itself.
CREATE TABLE mutes_stamp (stamp TEXT NOT NULL);
INSERT INTO mutes_stamp VALUES ('none');

-- The alerts that a silence kept from somebody, for its count.
CREATE TABLE hidden (
    silence_id INTEGER NOT NULL REFERENCES silences (id) ON DELETE CASCADE,
    alert_id   INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    at         REAL NOT NULL,
    PRIMARY KEY (silence_id, alert_id)
) WITHOUT ROWID;
CREATE INDEX hidden_of_alert ON hidden (alert_id);

-- Everything else that is to be done at an instant: what, about which row, when.
CREATE TABLE timers (
    kind TEXT NOT NULL,
    ref  INTEGER NOT NULL,
    at   REAL NOT NULL,
    PRIMARY KEY (kind, ref)
) WITHOUT ROWID;
CREATE INDEX timers_due ON timers (at);

-- Facts about the store itself, such as which routes its groups were made by.
CREATE TABLE facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
