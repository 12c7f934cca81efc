"""The durable state: one interface, SQL underneath."""
