"""From the outbox to the provider: courier, lanes, back-off, breaker."""
