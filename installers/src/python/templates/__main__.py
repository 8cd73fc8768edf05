"""`python -m @MODULE@`: becomes the `@BINARY@` executable."""

import os
import sys

from ._find import ExecutableNotFoundError, @FUNCTION@


def main() -> None:
    """Replaces this process by the executable, with the same arguments."""
    try:
        executable = @FUNCTION@()
    except ExecutableNotFoundError as error:
        sys.exit(f"error: {error}")
    os.execv(executable, [executable, *sys.argv[1:]])


if __name__ == "__main__":
    main()
