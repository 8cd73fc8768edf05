"""Finds the executable where an installer of Python packages puts scripts."""

import os
import sys
import sysconfig
from typing import Iterator

_NAME = "@BINARY@"


class ExecutableNotFoundError(FileNotFoundError):
    """The package is importable, but its executable is not where it belongs."""


def @FUNCTION@() -> str:
    """Returns the path of the `@BINARY@` executable of this package.

    Raises ExecutableNotFoundError, which says where it was looked for, if it
    is missing.
    """
    tried = []
    for folder in _folders():
        path = os.path.join(folder, _NAME)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
        if folder not in tried:
            tried.append(folder)
    raise ExecutableNotFoundError(
        f"the executable `{_NAME}` is missing; looked in {', '.join(tried)}; "
        "reinstall the package: python -m pip install --force-reinstall @PROJECT@"
    )


def _folders() -> Iterator[str]:
    # This interpreter's own scripts: a virtual environment, or the system.
    yield sysconfig.get_path("scripts")
    # `pip install --user`
    user = sysconfig.get_preferred_scheme("user")
    yield sysconfig.get_path("scripts", scheme=user)
    # `pip install --target DIR` and `--prefix DIR`: relative to this file.
    package = os.path.dirname(os.path.abspath(__file__))
    target = os.path.dirname(package)
    yield os.path.join(target, "bin")
    yield os.path.normpath(os.path.join(target, "..", "..", "..", "bin"))
    # An environment layered over another one (`pip install` with overlays).
    if sys.prefix != sys.base_prefix:
        yield os.path.join(sys.base_prefix, "bin")
