"""Builds `@PROJECT@` from source with maturin, after saying what is missing.

The checks run before anything is downloaded: `pip` and others call
`get_requires_for_build_*` first, and only then install what it returns.
"""

import os
import sys
from typing import Any, Dict, List, Optional

_WINDOWS = @WINDOWS@
_RUST = "@RUST@"
_MATURIN = "maturin==@MATURIN@"
_NEEDS = (@NEEDS@)

_Settings = Optional[Dict[str, Any]]


def _stop(reason: str) -> None:
    # A plain exit: the reason is the last line a user sees, not a traceback.
    print(reason, file=sys.stderr, flush=True)
    raise SystemExit(1)


def _numbers(version: str) -> List[int]:
    return [int(number) for number in version.split(".")]


def _check() -> None:
    if sys.platform == "win32" or os.name == "nt":
        _stop(_WINDOWS)
    # Imported here: on Windows nothing but the sentence above may happen.
    import re
    import shutil
    import subprocess

    missing = []
    cargo = shutil.which("cargo")
    rustc = shutil.which("rustc")
    if cargo is None or rustc is None:
        missing.append(f"Rust {_RUST} or newer (`cargo` and `rustc` are not on PATH; https://rustup.rs)")
    else:
        said = subprocess.run([rustc, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"\d+\.\d+(\.\d+)?", said)
        if found is None or _numbers(found.group()) < _numbers(_RUST):
            version = found.group() if found else "an unknown version"
            missing.append(f"Rust {_RUST} or newer (this is {version}; `rustup update`)")
    for choices in _NEEDS:
        if os.environ.get("CC") is None and not any(shutil.which(name) for name in choices):
            missing.append("one of " + ", ".join(f"`{name}`" for name in choices) + " on PATH")
    if missing:
        _stop(
            "@PROJECT@ has no ready-made package for this platform, and building it from source needs "
            + "; and ".join(missing)
            + ". See @DOCUMENTATION@"
        )


def get_requires_for_build_wheel(config_settings: _Settings = None) -> List[str]:
    _check()
    return [_MATURIN]


def get_requires_for_build_editable(config_settings: _Settings = None) -> List[str]:
    _check()
    return [_MATURIN]


def get_requires_for_build_sdist(config_settings: _Settings = None) -> List[str]:
    return [_MATURIN]


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: _Settings = None) -> str:
    _check()
    import maturin

    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str, config_settings: _Settings = None, metadata_directory: Optional[str] = None
) -> str:
    _check()
    import maturin

    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: _Settings = None, metadata_directory: Optional[str] = None
) -> str:
    _check()
    import maturin

    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: _Settings = None) -> str:
    import maturin

    return maturin.build_sdist(sdist_directory, config_settings)
