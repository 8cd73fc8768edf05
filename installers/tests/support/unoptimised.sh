#!/bin/sh
# rustc without optimisation: what tests compile only to install it is made in a
# quarter of the time. For RUSTC_WORKSPACE_WRAPPER, so dependencies are as ever.
exec "$@" -Copt-level=0
