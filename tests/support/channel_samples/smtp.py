"""Its provider speaks SMTP: tests/senders/test_smtp*.py."""

SAMPLE = None
SETTINGS = {"host": "127.0.0.1", "port": 1, "security": "none", "from_": "tocsin <alert@it.example>"}
