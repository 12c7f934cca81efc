-- What a source sent of an alert, as it sent it: its labels without those that routing adds, and its annotations.
CREATE TABLE sent (
    alert_id    INTEGER PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE,
    own_labels  TEXT NOT NULL,
    annotations TEXT NOT NULL
) WITHOUT ROWID;
