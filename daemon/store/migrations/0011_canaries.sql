-- The last canary of each channel, and what became of it.
CREATE TABLE canaries (
    channel      TEXT NOT NULL PRIMARY KEY,
    sent_at      REAL NOT NULL,
    taken        INTEGER NOT NULL, -- whether the provider took it
    address      TEXT NOT NULL,
    provider_id  TEXT NOT NULL,
    words        TEXT NOT NULL, -- the provider's, or why it was not taken
    confirmed_at REAL
) WITHOUT ROWID;
-- When a channel last did what it is for.
CREATE INDEX deliveries_taken ON deliveries (channel, settled_at) WHERE phase IN ('sent', 'delivered');
CREATE INDEX receipts_good ON receipts (channel, heard_at) WHERE delivered = 1;
