-- Of lists that were taken from a Redis (docs/decisions/0042-redis-lists.md): how many of their entries are not yet
-- among what the slots hold. Written in the transaction that writes the slot.
CREATE TABLE taken (
    list   TEXT PRIMARY KEY,
    unread INTEGER NOT NULL
) WITHOUT ROWID;
