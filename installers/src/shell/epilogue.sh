# ---- end of what dist generated ----------------------------------------------
}
front_run "$@"; }
