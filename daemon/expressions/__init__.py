"""What a threshold rule watches: one small language, read when the configuration is."""
