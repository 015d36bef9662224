"""What calendars mean: pure functions over plain data, without I/O, clock or logging."""
