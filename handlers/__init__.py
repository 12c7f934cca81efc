"""Sources of webhooks: one module each, found by itself."""
