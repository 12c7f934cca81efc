-- What a provider says later about a message that it had taken: on the handset, or not. Kept by the provider's own id, for
-- it may come before we have written down that the message was taken.
CREATE TABLE receipts (
    channel     TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    address     TEXT NOT NULL, -- as the provider names it
    delivered   INTEGER NOT NULL,
    code        TEXT NOT NULL,
    words       TEXT NOT NULL,
    at          REAL, -- the provider's time
    heard_at    REAL NOT NULL,
    PRIMARY KEY (channel, provider_id, address)
) WITHOUT ROWID;
CREATE INDEX receipts_by_age ON receipts (heard_at);

-- Until when a receipt is waited for before the next channel takes over, and when the provider is next asked for one.
ALTER TABLE deliveries ADD COLUMN handset_by REAL;
ALTER TABLE deliveries ADD COLUMN poll_at REAL;
CREATE INDEX deliveries_by_provider_id ON deliveries (channel, provider_id) WHERE provider_id <> '';
CREATE INDEX deliveries_handset ON deliveries (handset_by) WHERE phase = 'sent' AND handset_by IS NOT NULL;
CREATE INDEX deliveries_poll ON deliveries (poll_at) WHERE phase = 'sent' AND poll_at IS NOT NULL;
