-- Who takes over a time of a schedule, said by method; what stands in the configuration is not here.
-- `who` is people, and teams as team:<name>, with commas between them.
CREATE TABLE overrides (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule   TEXT NOT NULL,
    who        TEXT NOT NULL,
    starts_at  REAL NOT NULL,
    ends_at    REAL NOT NULL,
    author     TEXT NOT NULL,
    comment    TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX overrides_by_end ON overrides (ends_at);
