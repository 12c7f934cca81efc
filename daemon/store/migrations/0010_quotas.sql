-- What each channel has used of its quotas. A message is counted when it is claimed, in the same transaction, and taken
-- off again when it certainly did not go; so what is under way counts, also after a crash.
CREATE TABLE quota_used (
    channel  TEXT NOT NULL,
    each     TEXT NOT NULL,    -- channel, recipient or template
    key      TEXT NOT NULL,    -- the address or template; empty for the channel
    per      TEXT NOT NULL,    -- day or month
    period   TEXT NOT NULL,    -- by the calendar of the quota's time zone: 2026-11-21 or 2026-11
    used     INTEGER NOT NULL,
    ahead    INTEGER NOT NULL, -- claimed before the period begins, and perhaps not sent before
    pace     REAL NOT NULL,    -- of the last hour, fading
    paced_at REAL NOT NULL,
    PRIMARY KEY (channel, each, key, per, period)
) WITHOUT ROWID;
CREATE INDEX quota_used_by_period ON quota_used (channel, each, per, period);

-- What one recipient is told over one leg beyond a quota waits for this instant, and is then told in one message.
CREATE TABLE quota_digests (
    channel TEXT NOT NULL,
    chain   TEXT NOT NULL,
    at      REAL NOT NULL,
    PRIMARY KEY (channel, chain)
) WITHOUT ROWID;
