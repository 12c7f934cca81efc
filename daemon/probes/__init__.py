"""Ways to look: one module a kind."""
