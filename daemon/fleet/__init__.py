"""Other tocsins, asked over their ZeroMQ ports."""
