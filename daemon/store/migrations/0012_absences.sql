-- What is raised when nothing more is heard: the event as its source said it last, and until when it may be silent.
CREATE TABLE absences (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL UNIQUE,
    event       TEXT NOT NULL,
    heard_at    REAL NOT NULL
);
