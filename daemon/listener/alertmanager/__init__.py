"""Alertmanager's API v2, so that Prometheus, amtool and what else speaks it work with tocsin."""
