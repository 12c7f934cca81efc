"""syslog: lines of RFC 3164 and RFC 5424, counted, and held against patterns that raise alarms."""
