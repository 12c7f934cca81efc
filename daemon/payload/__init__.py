"""Reading what other programs send: fields, paths, words, times, lists of alerts."""
