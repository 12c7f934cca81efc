-- What explains an alert beside its trace: the requests that made it, and every try of its deliveries.

-- Requests that changed something: redacted, bounded, the oldest go. `upto` is the weight of all rows up to this one, so
-- that the weight of all that is there is known from the first and the last of them. The body stands last.
CREATE TABLE requests (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    door    TEXT NOT NULL, -- how it came in: webhook, probe, command, …
    source  TEXT NOT NULL,
    handler TEXT NOT NULL,
    remote  TEXT NOT NULL,
    size    INTEGER NOT NULL, -- bytes of the body as it came
    upto    INTEGER NOT NULL,
    carried BLOB NOT NULL -- headers, query and body: JSON, deflated where it is long
);

-- What each did to which alert. Rows stay when their request goes, until their alert goes: requests go by the thousand.
CREATE TABLE request_alerts (
    alert_id   INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    request_id INTEGER NOT NULL,
    change     TEXT NOT NULL, -- what it did to the alert
    PRIMARY KEY (alert_id, request_id)
) WITHOUT ROWID;

-- Each try of a delivery that came to an end, with the provider's own code and words.
CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    at          REAL NOT NULL, -- when it ended
    seconds     REAL NOT NULL,
    outcome     TEXT NOT NULL, -- taken, wait, failed, refused
    step        TEXT NOT NULL, -- what was done with the delivery because of it
    code        TEXT NOT NULL,
    words       TEXT NOT NULL,
    PRIMARY KEY (delivery_id, n)
) WITHOUT ROWID;
