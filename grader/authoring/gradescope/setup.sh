#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the container from the bundle.
set -euo pipefail
cd "${AUTOGRADER:-/autograder}/source"

has() { command -v "$1" >/dev/null; }
recent() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
find_python() {
    for name in python3.11 python3.12 python3.13 python3; do
        if has "$name" && recent "$name"; then echo "$name"; return; fi
    done
}

export DEBIAN_FRONTEND=noninteractive
python=$(find_python)
if [ -z "$python" ] || ! has bwrap; then
    apt-get update -qq
    has bwrap || apt-get install -y -qq bubblewrap
    if [ -z "$python" ]; then  # Ubuntu 22.04 has 3.11 beside its own 3.10, 24.04 has 3.12
        apt-get install -y -qq python3.11 python3.11-venv || apt-get install -y -qq python3 python3-venv
        python=$(find_python)
    fi
fi
[ -n "$python" ] || { echo "error: no Python 3.11 or newer can be installed: choose a newer base image"; exit 2; }

"$python" -m venv .venv
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
# The CPU build of torch is gigabytes smaller; if PyTorch's index cannot be reached, any will do.
pip --no-deps --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' constraints.txt)" || true
pip --constraint constraints.txt --editable .
