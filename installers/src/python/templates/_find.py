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
    # Where this very package was put: elsewhere may be another version.
    package = os.path.dirname(os.path.abspath(__file__))
    target = os.path.dirname(package)
    # `pip install --target DIR`
    yield os.path.join(target, "bin")
    # A virtual environment, `--user`, `--prefix DIR`
    yield os.path.normpath(os.path.join(target, "..", "..", "..", "bin"))
    # Scripts where only this interpreter knows.
    yield sysconfig.get_path("scripts")
    user = sysconfig.get_preferred_scheme("user")
    yield sysconfig.get_path("scripts", scheme=user)
    # An environment layered over another one (`pip install` with overlays).
    if sys.prefix != sys.base_prefix:
        yield os.path.join(sys.base_prefix, "bin")
