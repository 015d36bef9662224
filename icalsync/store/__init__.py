"""The store: the one door to DuckDB and its file (design.md §4)."""

from __future__ import annotations
