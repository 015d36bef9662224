"""The command line: it parses words, calls the library and prints what it returns. Nothing heavy is imported before a command runs."""
