#!/bin/sh
# Installs a package through the system's manager: sh scripts/system_package.sh COMMAND PACKAGE
# COMMAND is what the package brings; where it is there already, nothing is done. Exit code 1: it is
# still not there.
set -u

command -v "$1" >/dev/null && exit 0
# Without a password prompt only: a set-up is not to stop and wait for one.
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
