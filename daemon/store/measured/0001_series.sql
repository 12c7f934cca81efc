-- What is measured has a file of its own beside the alarms' (docs/decisions/0035-measuring.md).

-- Facts about the store itself, each a name and a text.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Tells this store from any other.
CREATE TABLE store_name (
    name TEXT NOT NULL
);
INSERT INTO store_name (name) VALUES (lower(hex(randomblob(4))));

-- Series by what they are called. Labels are pairs in JSON, in order; `seen` is about when something last came (s).
CREATE TABLE series (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL,
    kind   TEXT NOT NULL,
    unit   TEXT NOT NULL,
    labels TEXT NOT NULL,
    seen   INTEGER NOT NULL,
    UNIQUE (name, kind, unit, labels)
);

-- Series are kept by blocks of 128, their numbers follow each other in it. A name that has many has blocks of its own;
-- names that have few share those that belong to no name.
CREATE TABLE series_blocks (
    block INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    used  INTEGER NOT NULL
);
CREATE INDEX series_blocks_of_a_name ON series_blocks (name, block);

-- What ever came: for each series of a block how many values, their sum, and the last, eight bytes each.
CREATE TABLE series_totals (
    block  INTEGER PRIMARY KEY,
    totals BLOB NOT NULL
);

-- What came in the series of a block in `span` seconds from `start` on. With a rowid: rows have some kilobytes.
CREATE TABLE series_tiers (
    span    INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    block   INTEGER NOT NULL,
    tallies BLOB NOT NULL,
    PRIMARY KEY (span, start, block)
);
