"""When something may be said: minutes, days and years in a time zone, and the working days of a country."""
