-- Who has taken an open alert on, until when; and who else is told of one that nobody takes on.

-- At most one for an alert, gone with the alert's end. The timer `ack` of the alert goes off at the sooner of
-- `remind_at` and `until`.
CREATE TABLE acks (
    alert_id  INTEGER PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    author    TEXT NOT NULL,
    comment   TEXT NOT NULL,
    via       TEXT NOT NULL, -- zmq, http or link
    at        REAL NOT NULL,
    until     REAL NOT NULL,
    remind_at REAL -- when the author is to be reminded; NULL once that is done, and where it would be at once
);
CREATE INDEX acks_by_reminder ON acks (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX acks_by_end ON acks (until);

-- For an alert and a receiver, the steps as they were configured when the alert started. The timer `escalation` of
-- the row goes off at `next_at`. Rows stay until their alert is forgotten, so that they can be asked about.
CREATE TABLE escalations (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    group_id INTEGER REFERENCES groups (id) ON DELETE SET NULL, -- whose telling of the alert begins it
    receiver TEXT NOT NULL,
    steps    TEXT NOT NULL,
    state    TEXT NOT NULL DEFAULT 'running', -- over: its alert is; closed: and whoever was told knows of the end
    step     INTEGER NOT NULL DEFAULT 0, -- how many have been told, so the one that is next
    since    REAL, -- from when nobody has taken it on: its first telling, or the end of an acknowledgement
    next_at  REAL, -- when the next step is told; NULL before the first telling, while acknowledged, and after the last
    muted    TEXT NOT NULL DEFAULT '' -- why the next step is put off
);
CREATE INDEX escalations_of_alert ON escalations (alert_id);
CREATE INDEX escalations_of_group ON escalations (group_id, next_at); -- whole: a group that goes looks for its own
CREATE INDEX escalations_untold ON escalations (alert_id) WHERE since IS NULL AND state = 'running';
CREATE INDEX escalations_running ON escalations (alert_id) WHERE state = 'running';
CREATE INDEX escalations_over ON escalations (group_id) WHERE state = 'over';
