#!/bin/sh
# Makes .venv with the tested versions, and sees to bubblewrap. Safe to run again.
set -eu

PYTHON=${PYTHON:-python3}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: $PYTHON is $("$PYTHON" --version 2>&1), and Python 3.11 or newer is needed" \
        "(make PYTHON=/path/to/python3.11)" >&2
    exit 2
}

echo "Setting up .venv (once; torch is large) ..." >&2
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable '.[dev]'

command -v bwrap >/dev/null && exit 0
# Without a password prompt only: a set-up is not to stop and wait for one.
if [ "$(id -u)" -eq 0 ]; then AS_ROOT=; else AS_ROOT="sudo -n"; fi
for manager in "apt-get install -y" "dnf install -y" "pacman -S --noconfirm" "zypper -n install" \
    "apk add"; do
    command -v "${manager%% *}" >/dev/null || continue
    if [ "${manager%% *}" = apt-get ]; then
        DEBIAN_FRONTEND=noninteractive $AS_ROOT apt-get update -qq >/dev/null 2>&1 || true
    fi
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $AS_ROOT $manager bubblewrap >/dev/null 2>&1 && break
done
command -v bwrap >/dev/null || echo "note: bubblewrap is not installed, so only the course's own" \
    "work can be graded; to grade others', install it (Debian: sudo apt-get install bubblewrap)" >&2
