-- What comes and goes, and receivers that would hear of too much at once.

-- Problems that flap, or did. While one flaps its groups are told nothing else of it.
CREATE TABLE flaps (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    since       REAL, -- since when it flaps; NULL once it has settled
    settled_at  REAL, -- when it last did: what was before does not count any more
    calm        REAL NOT NULL, -- seconds without a change after which it has settled
    told        TEXT NOT NULL, -- the groups that were told of it
    alert_id    INTEGER NOT NULL -- its last episode
) WITHOUT ROWID;
CREATE INDEX flaps_now ON flaps (fingerprint) WHERE since IS NOT NULL;
CREATE INDEX flaps_of_alert ON flaps (alert_id);
-- The episodes of one problem.
CREATE INDEX alerts_of_problem ON alerts (fingerprint, id);

-- Receivers whose notices are gathered into digests, and the notices that wait for one.
CREATE TABLE storms (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL UNIQUE,
    since    REAL NOT NULL, -- of the digest that is being gathered
    waiting  TEXT NOT NULL DEFAULT '[]' -- ids of notices
);
-- When receivers that have a limit were told something, as far back as it counts.
CREATE TABLE receivers_told (receiver TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX told_of_receiver ON receivers_told (receiver, at);
