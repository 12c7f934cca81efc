"""Rules over series: when a number is beyond what it may be, somebody hears of it."""
