"""The demo: a believable world of calendars on a real CalDAV server on this machine, synced and asked."""
