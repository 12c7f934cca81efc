-- Pauses of probes. Those that are over stay for a while: who did it, and when.
CREATE TABLE pauses (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    probe    TEXT NOT NULL,
    author   TEXT NOT NULL,
    comment  TEXT NOT NULL,
    since    REAL NOT NULL,
    until    REAL,
    ended_at REAL,
    ended_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX pauses_by_probe ON pauses (probe, id);

-- What is known of probes that call in, after `number` calls. `notes` are the kind's own.
CREATE TABLE heartbeats (
    probe  TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    notes  BLOB NOT NULL,
    at     REAL NOT NULL
);
