"""tocsin: hears alarms from anywhere and gets each one to a human being, durably."""

__version__ = "0.1.0"
