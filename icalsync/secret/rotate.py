"""``python -m icalsync.secret.rotate``: lock every stored password anew under the first key (S18)."""

from __future__ import annotations

import sys

from icalsync.errors import IcalsyncError
from icalsync.secret.encrypted import EncryptedSecrets
from icalsync.settings import load_settings


def main() -> int:
    """Rotate, and say how many passwords now stand under the new key; the exit code of the error where it cannot be done."""
    try:
        number = EncryptedSecrets(load_settings()).rotate()
    except IcalsyncError as error:
        sys.stderr.write(f"{error.message}\n{error.next_step}\n")
        return error.exit_code
    sys.stdout.write(f"{number} stored password(s) are now locked with the first key; older keys can go.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
