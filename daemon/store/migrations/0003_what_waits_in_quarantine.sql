-- The body goes to the end of its row: whatever reads the other columns need not walk over a megabyte.
-- Codes (`Q17`) are never given twice, so the count goes on where it was.
ALTER TABLE quarantine RENAME TO quarantine_before;
DROP INDEX quarantine_of_kind;
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
INSERT INTO quarantine (id, at, kind, source, reason, remote, content_type, headers, query, size, replayed_at, body)
    SELECT id, at, kind, source, reason, remote, content_type, headers, query, size, replayed_at, body
    FROM quarantine_before;
DELETE FROM sqlite_sequence WHERE name = 'quarantine';
INSERT INTO sqlite_sequence (name, seq) SELECT 'quarantine', seq FROM sqlite_sequence WHERE name = 'quarantine_before';
DROP TABLE quarantine_before;
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
