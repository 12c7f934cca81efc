-- Threshold rules: how each group stands that does not stand well, and the events that alerting has not taken yet.

CREATE TABLE rule_standings (
    rule          TEXT NOT NULL,
    labels        TEXT NOT NULL,  -- of the group, as JSON pairs
    digest        TEXT NOT NULL,  -- of the rule by which it stands so
    phase         TEXT NOT NULL,  -- pending, firing, clearing
    since         REAL NOT NULL,
    held          REAL NOT NULL,
    began_at      REAL NOT NULL,
    fired_at      REAL NOT NULL,
    worst         REAL,
    nothing_since REAL NOT NULL,
    PRIMARY KEY (rule, labels)
) WITHOUT ROWID;

CREATE TABLE rule_events (
    id    INTEGER PRIMARY KEY,
    event BLOB NOT NULL           -- JSON
);
