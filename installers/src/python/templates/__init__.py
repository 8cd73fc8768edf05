"""The `@BINARY@` executable, installed as a Python package."""

from ._find import ExecutableNotFoundError, @FUNCTION@

__all__ = ["ExecutableNotFoundError", "@FUNCTION@"]
