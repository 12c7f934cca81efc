"""Doors for numbers that programs bring in their own ways: statsd, syslog, Redis lists, what exporters show."""
