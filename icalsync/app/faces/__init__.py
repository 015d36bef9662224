"""The methods of ``App``, a module for each subject."""
