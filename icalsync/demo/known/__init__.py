"""The known world: 40 users and a year of calendars and bookings, with every cause of a double booking seeded, and an answer key."""
