"""``python -m icalsync`` is the command ``icalsync``."""

from __future__ import annotations

from icalsync.cli.main import main

main()
