"""Reading what other programs send: compressed bodies, fields, paths, words, times, lists of alerts."""
