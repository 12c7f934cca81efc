"""Errors of programs, grouped: a fault is what many error events have in common."""
