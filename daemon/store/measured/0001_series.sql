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
