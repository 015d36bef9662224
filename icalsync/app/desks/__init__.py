"""What a reader of the dashboard may do, a module for each subject; ``app.desk.Desk`` is all of it."""
