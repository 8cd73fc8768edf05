#!/bin/sh
# shellcheck shell=dash
# shellcheck disable=SC2262,SC2263  # an alias for ksh in the second part: unused here, has_local decides
{
# Installs @NAME@ @VERSION@. Two parts: the first, up to front_run, decides
# whether this machine is supported, makes sure that the download can be
# verified and that nothing is left behind. The second, inside front_run, is the
# script that dist (https://axodotdev.github.io/cargo-dist) generated for this
# release, unchanged: it downloads, verifies the sha256 and installs.
#
# All of it stands in one group that is closed by the last character. A shell
# reads a group to its end before it runs any of it: a download cut short is a
# syntax error and does nothing.

has_local() {
    # shellcheck disable=SC2034  # only asks whether this shell has `local`
    local _has_local
}

# Says why nothing is installed, what is supported and where to read more.
front_refuse() {
    {
        echo "@NAME@ @VERSION@ was not installed: $1"
        shift
        for _front_line in "$@"; do
            [ -z "$_front_line" ] || echo "$_front_line"
        done
        echo "Supported:"
@SUPPORTED@
        echo "Read more: "@DOCUMENTATION@
    } >&2
    exit 1
}

# Refuses every machine that this release has no executable for.
front_platform() {
    _front_os="$(uname -s)" || _front_os=unknown
    _front_cpu="$(uname -m)" || _front_cpu=unknown
    case "$_front_cpu" in
        x86-64 | x64 | amd64) _front_cpu=x86_64 ;;
        arm64) _front_cpu=aarch64 ;;
        i386 | i486 | i586 | i686 | i786 | x86) _front_cpu=i686 ;;
    esac
    case "$_front_os" in
        Linux)
            if [ "$(uname -o 2>/dev/null)" = Android ]; then
                front_refuse "this is Android." @SAY_SYSTEM@
            fi
            front_libc
            # A 32-bit system on a 64-bit kernel cannot run a 64-bit executable.
            if [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
                front_refuse "this Linux is a 32-bit system ($_front_cpu kernel)." @SAY_PROCESSOR@
            fi
            _front_target="$_front_cpu-unknown-linux-gnu"
            ;;
        Darwin)
            # Under Rosetta `uname -m` says x86_64 on Apple Silicon.
            if [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ]; then
                _front_cpu=aarch64
            fi
            _front_version="$(sw_vers -productVersion 2>/dev/null)" || _front_version=""
@NEED_MACOS@
            _front_target="$_front_cpu-apple-darwin"
            ;;
        MINGW* | MSYS* | CYGWIN* | Windows_NT)
            front_refuse "this is a Windows shell ($_front_os)." @SAY_WINDOWS@
            ;;
        *)
            front_refuse "there is no build for $_front_os." @SAY_SYSTEM@
            ;;
    esac
    case "$_front_target" in
        @TARGETS@) ;;
        *)
            front_refuse "there is no build for $_front_os on this processor ($_front_cpu)." @SAY_PROCESSOR@
            ;;
    esac
}

# Refuses a C library other than glibc, and a glibc older than the executable needs.
front_libc() {
    # musl's ldd names itself on standard error and fails; so does a missing one.
    _front_ldd="$(ldd --version 2>&1)" || :
    case "$_front_ldd" in
        *musl*) front_refuse "this Linux has musl as its C library." @SAY_MUSL@ ;;
    esac
    # The first line ends in the version: ldd (Debian GLIBC 2.36-9+deb12u14) 2.36
    _front_version="${_front_ldd%%
*}"
    _front_version="${_front_version##* }"
    case "$_front_version" in
        [0-9]*.[0-9]*) ;;
        *) front_refuse "cannot tell this Linux's C library: ldd --version does not name glibc." @SAY_GLIBC@ ;;
    esac
@NEED_GLIBC@
}

# Whether $_front_version is older than $1.$2; an unknown one is not.
front_older() {
    _front_major="${_front_version%%.*}"
    _front_minor=0
    case "$_front_version" in
        *.*) _front_minor="${_front_version#*.}" ;;
    esac
    _front_minor="${_front_minor%%[!0-9]*}"
    case "$_front_major$_front_minor" in
        "" | *[!0-9]*) return 1 ;;
    esac
    [ "$_front_major" -lt "$1" ] ||
        { [ "$_front_major" -eq "$1" ] && [ "${_front_minor:-0}" -lt "$2" ]; }
}

front_has() {
    command -v "$1" >/dev/null 2>&1
}

# The second part verifies with `sha256sum`, and would go on without verifying
# where there is none. It looks with `command -v`, which finds functions.
front_checksums() {
    if front_has sha256sum; then
        return
    elif front_has shasum; then
        sha256sum() {
            shasum -a 256 "$@"
        }
    elif front_has openssl; then
        sha256sum() {
            [ "$1" != -b ] || shift
            openssl dgst -sha256 -r "$1"
        }
    else
        front_refuse "the download could not be verified: one of sha256sum, shasum or openssl is needed." @SAY_CHECKSUM@
    fi
}

# Everything temporary goes into one directory, removed however this ends. The
# second part sets no trap; the two directories it makes beside the executable
# are in _install_temp and _lib_install_temp.
front_temporary() {
    _install_temp=""
    _lib_install_temp=""
    front_has mktemp ||
        front_refuse "the command mktemp is needed."
    FRONT_TEMPORARY="$(mktemp -d "${TMPDIR:-/tmp}/@NAME@-install.XXXXXXXXXX")" ||
        front_refuse "no temporary directory can be made in ${TMPDIR:-/tmp}."
    TMPDIR="$FRONT_TEMPORARY"
    export TMPDIR
    # macOS prefers its own temporary directory to TMPDIR where no name is given.
    mktemp() {
        if [ "$#" -eq 1 ] && [ "$1" = -d ]; then
            command mktemp -d "$TMPDIR/dist.XXXXXXXXXX"
        else
            command mktemp "$@"
        fi
    }
}

# The second part leaves it to tar to see that an archive is compressed; that of
# busybox may not, depending on how it was built.
tar() {
    case "$1 ${2:-}" in
        "xf "*.tar.gz)
            shift
            set -- xzf "$@"
            ;;
    esac
    command tar "$@"
}

front_clean() {
    for _front_left in "$FRONT_TEMPORARY" "$_install_temp" "$_lib_install_temp"; do
        [ -z "$_front_left" ] || rm -rf "$_front_left"
    done
}

has_local 2>/dev/null ||
    front_refuse "this shell has no local variables: run it with sh, dash, bash, zsh or busybox sh."
front_platform
front_checksums
front_temporary
# Not inside a function: zsh would run the first when that function returns.
trap front_clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

front_run() {
# ---- generated by dist, unchanged --------------------------------------------
