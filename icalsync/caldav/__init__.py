"""The door to the network: CalDAV servers, over the library `caldav`."""
