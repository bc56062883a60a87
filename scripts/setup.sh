#!/usr/bin/env bash
# Set up everything in .venv: `setup.sh run` for the app, `setup.sh test` for its tests as well.
# Writes .venv/.ready-run (and .venv/.ready-test) at the end; the Makefile compares their dates.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHONS=(python3 python3.13 python3.12 python3.11 python3.10)
SUPPORTED='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

main() {
    case "${1:-run}" in
        run) lists=(packages.txt) needs=(-r requirements.txt) stamps=(run) ;;
        test)
            lists=(packages.txt packages-test.txt)
            needs=(-r requirements.txt -r requirements-dev.txt)
            stamps=(run test)
            ;;
        *) die "setup.sh takes run or test, not $1." ;;
    esac
    debian_packages "${lists[@]}"
    virtual_environment
    say "Installing Python packages; the first time this takes minutes"
    .venv/bin/python -m pip install -qq -c constraints.txt "${needs[@]}"
    for stamp in "${stamps[@]}"; do touch ".venv/.ready-$stamp"; done
}

# Install what is missing of the listed Debian packages. None is essential to go on: the app and
# the tests each say what they cannot do without one.
debian_packages() {
    command -v dpkg-query >/dev/null || return 0
    local wanted missing package
    mapfile -t wanted < <(cat "$@")
    mapfile -t missing < <(not_installed "${wanted[@]}")
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! apt_install "${missing[@]}" && as_root true; then
        for package in "${missing[@]}"; do apt_get "$package" || true; done
    fi
    mapfile -t missing < <(not_installed "${missing[@]}")
    [ ${#missing[@]} -eq 0 ] || say "Some features need Debian packages that are missing;" \
        "install them with: sudo apt-get install ${missing[*]}"
}

not_installed() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] \
            || echo "$package"
    done
}

# Succeeds once the packages are installed; fails at once where the user may not install.
apt_install() {
    as_root true || return 1
    say "Installing Debian packages: $*"
    apt_get "$@" || { as_root apt-get update -q && apt_get "$@"; }
}

apt_get() { as_root apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then quiet "$@"; else quiet sudo -n --preserve-env=DEBIAN_FRONTEND "$@"; fi
}

quiet() { "$@" </dev/null >/dev/null 2>&1; }

virtual_environment() {
    if .venv/bin/python -c "$SUPPORTED" 2>/dev/null && .venv/bin/python -m pip --version >/dev/null 2>&1
    then return; fi
    local python
    python=$(find_python) || die "Python 3.10 to 3.13 is needed and was not found; install it with:" \
        "sudo apt-get install python3 python3-venv"
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "$(venv_package "$python")" \
        || die "Python's venv module is missing; install it with:" \
            "sudo apt-get install $(venv_package "$python")"
    say "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# $PYTHON where it is set, else the first supported one on the path.
find_python() {
    local python
    for python in ${PYTHON:-"${PYTHONS[@]}"}; do
        if "$python" -c "$SUPPORTED" 2>/dev/null; then echo "$python"; return; fi
    done
    [ -z "${PYTHON:-}" ] && apt_install python3 python3-venv && python3 -c "$SUPPORTED" && echo python3
}

venv_package() { "$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'; }

main "$@"
