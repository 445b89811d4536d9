#!/usr/bin/env bash
# Installs nginx and HAProxy from Debian's packages unless they are there. Starts no service.
set -eu
PATH=$PATH:/usr/sbin
missing=()
command -v nginx >/dev/null || missing+=(nginx-light)
command -v haproxy >/dev/null || missing+=(haproxy)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "validation: install ${missing[*]} first (Debian: apt-get install ${missing[*]})" >&2
    exit 2
fi
# RUNLEVEL=1 tells the packages' scripts not to start their services.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
