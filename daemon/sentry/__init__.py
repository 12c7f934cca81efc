"""The ingest side of Sentry: what an unmodified SDK sends is kept before the answer, and digested later."""
