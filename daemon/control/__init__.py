"""The ZeroMQ port."""
