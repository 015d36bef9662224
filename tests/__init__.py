"""The tests, as a package, so that their servers and builders can be imported by name."""
