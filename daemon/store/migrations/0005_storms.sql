-- What comes and goes, and receivers that would hear of too much at once.

-- The last changes of a problem, firing to over and back. While it flaps its groups are told nothing else of it.
CREATE TABLE flaps (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    changes     TEXT NOT NULL, -- instants, the newest last
    since       REAL, -- since when it flaps; NULL while it does not
    calm        REAL NOT NULL DEFAULT 0, -- seconds without a change after which it has settled
    told        TEXT NOT NULL DEFAULT '[]', -- the groups that were told of it
    alert_id    INTEGER NOT NULL -- its last episode
) WITHOUT ROWID;
CREATE INDEX flaps_now ON flaps (fingerprint) WHERE since IS NOT NULL;
CREATE INDEX flaps_of_alert ON flaps (alert_id);

-- Receivers whose notices are gathered into digests, and the notices that wait for one.
CREATE TABLE storms (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL UNIQUE,
    since    REAL NOT NULL, -- of the digest that is being gathered
    waiting  TEXT NOT NULL DEFAULT '[]' -- ids of notices
);
CREATE INDEX notices_by_receiver ON notices (receiver, at);
