#!/bin/sh
# Installs a package with the system's package manager:
#     sh scripts/system_package.sh COMMAND PACKAGE
# Does nothing if COMMAND, which the package provides, exists. Exit code 1: it is still missing.
set -u

command -v "$1" >/dev/null && exit 0
# Never prompt for a password: a set-up must not stop and wait.
if [ "$(id -u)" -eq 0 ]; then AS_ROOT=; else AS_ROOT="sudo -n"; fi
for manager in "apt-get install -y" "dnf install -y" "pacman -S --noconfirm" "zypper -n install" \
    "apk add"; do
    command -v "${manager%% *}" >/dev/null || continue
    if [ "${manager%% *}" = apt-get ]; then
        DEBIAN_FRONTEND=noninteractive $AS_ROOT apt-get update -qq >/dev/null 2>&1 || true
    fi
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $AS_ROOT $manager "$2" >/dev/null 2>&1 && break
done
command -v "$1" >/dev/null
