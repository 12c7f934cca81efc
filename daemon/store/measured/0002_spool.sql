-- What the Sentry SDKs sent, as it came, until it is worked through; the ids tell the order and are never used twice.
CREATE TABLE spool (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       REAL NOT NULL,     -- when it came
    app      TEXT NOT NULL,     -- the name of the project
    is_store INTEGER NOT NULL,  -- one bare event, no envelope
    coding   TEXT NOT NULL,     -- its Content-Encoding
    sdk      TEXT NOT NULL,     -- what its sender calls itself
    plain    INTEGER NOT NULL,  -- bytes of the body once it is expanded
    body     BLOB NOT NULL
);

-- What could not be worked through, with why; the newest are kept.
CREATE TABLE spool_aside (
    id       INTEGER PRIMARY KEY,  -- as it was in the spool
    at       REAL NOT NULL,
    app      TEXT NOT NULL,
    is_store INTEGER NOT NULL,
    coding   TEXT NOT NULL,
    sdk      TEXT NOT NULL,
    reason   TEXT NOT NULL,
    size     INTEGER NOT NULL,     -- of the body
    plain    INTEGER NOT NULL,     -- bytes of the body once it is expanded
    body     BLOB NOT NULL         -- empty where it was too large to be kept
);

-- How many items of each kind were worked through, for good.
CREATE TABLE spool_done (
    app    TEXT NOT NULL,
    kind   TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (app, kind)
) WITHOUT ROWID;
