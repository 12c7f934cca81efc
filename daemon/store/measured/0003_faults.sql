-- Errors of applications, those that are the same one grouped (docs/decisions/0040-faults.md).

CREATE TABLE faults (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,  -- E12
    app           TEXT NOT NULL,
    digest        BLOB NOT NULL,                      -- what it is known by
    title         TEXT NOT NULL,
    culprit       TEXT NOT NULL,                      -- where in the application
    type          TEXT NOT NULL,
    logger        TEXT NOT NULL,
    level         TEXT NOT NULL,                      -- these six of the newest
    route         TEXT NOT NULL,
    environment   TEXT NOT NULL,
    first_release TEXT NOT NULL,
    last_release  TEXT NOT NULL,
    state         TEXT NOT NULL,                      -- unresolved, resolved, ignored
    first_at      REAL NOT NULL,                      -- as the application says
    last_at       REAL NOT NULL,
    heard_at      REAL NOT NULL,                      -- when one came last, by our clock
    count         INTEGER NOT NULL,
    regressions   INTEGER NOT NULL,
    changed_at    REAL,                               -- when its state was, and by whom
    changed_by    TEXT NOT NULL,
    comment       TEXT NOT NULL,
    next_release  INTEGER NOT NULL,                   -- resolved in the release that comes after those known by then
    ignored_until REAL,
    ignored_above INTEGER,                            -- ignored until there are more of it than that
    told          INTEGER NOT NULL,                   -- that there is such an error
    alarm         TEXT NOT NULL,                      -- the alarm that is open: first, regression; empty for none
    spike         REAL NOT NULL,                      -- how many in five minutes it took for the open alarm; 0 for none
    slot          INTEGER NOT NULL,                   -- of the count of the last minutes
    slot_count    INTEGER NOT NULL,
    slot_before   INTEGER NOT NULL,
    UNIQUE (app, digest)
);
CREATE INDEX faults_heard ON faults (app, heard_at);
CREATE INDEX faults_open ON faults (id) WHERE alarm <> '' OR spike > 0;

-- How many came in each hour.
CREATE TABLE fault_hours (
    fault INTEGER NOT NULL,
    hour  INTEGER NOT NULL,  -- since the epoch
    count INTEGER NOT NULL,
    PRIMARY KEY (fault, hour)
) WITHOUT ROWID;

-- How many came with each release, environment, tag; the empty value is all that are too many to name.
CREATE TABLE fault_values (
    fault    INTEGER NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    count    INTEGER NOT NULL,
    first_at REAL NOT NULL,
    last_at  REAL NOT NULL,
    PRIMARY KEY (fault, name, value)
) WITHOUT ROWID;

-- Some of them whole.
CREATE TABLE fault_samples (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    fault INTEGER NOT NULL,
    at    REAL NOT NULL,
    size  INTEGER NOT NULL,
    body  BLOB NOT NULL
);
CREATE INDEX fault_samples_of ON fault_samples (fault, at);

-- What is to be told, and what was.
CREATE TABLE fault_news (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    fault   INTEGER,          -- none where it is about all errors of the application
    app     TEXT NOT NULL,
    what    TEXT NOT NULL,
    at      REAL NOT NULL,
    event   BLOB NOT NULL,    -- for alerting; empty where another one told it
    told_at REAL
);
CREATE INDEX fault_news_waiting ON fault_news (id) WHERE told_at IS NULL;
CREATE INDEX fault_news_of ON fault_news (fault, id);
CREATE INDEX fault_news_when ON fault_news (app, at);

-- Applications that have too many new errors to tell each.
CREATE TABLE fault_storms (
    app     TEXT PRIMARY KEY,
    since   REAL NOT NULL,
    last_at REAL NOT NULL,
    count   INTEGER NOT NULL
) WITHOUT ROWID;

-- What is still to be counted elsewhere.
CREATE TABLE fault_counted (
    kind  TEXT NOT NULL,     -- errors, evicted
    app   TEXT NOT NULL,
    level TEXT NOT NULL,
    slot  INTEGER NOT NULL,  -- its beginning (s)
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, app, level, slot)
) WITHOUT ROWID;
