"""What happens, in order: discover, pull, record. Knows only ports; deciding is left to ``core``."""
