#!/usr/bin/env bash
# Installs nginx and HAProxy from Debian's packages unless they are there, and what the
# front end needs that is its argument. Starts no service.
set -eu
PATH=$PATH:/usr/sbin
missing=()
command -v nginx >/dev/null || missing+=(nginx-light)
command -v haproxy >/dev/null || missing+=(haproxy)
case "${1:-}" in
ingress-nginx) [ -e /usr/lib/nginx/modules/ngx_http_lua_module.so ] || missing+=(libnginx-mod-http-lua) ;;
kube-proxy)
    command -v iptables-restore >/dev/null || missing+=(iptables)
    command -v ip >/dev/null || missing+=(iproute2)
    ;;
esac
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "validation: install ${missing[*]} first (Debian: apt-get install ${missing[*]})" >&2
    exit 2
fi
# RUNLEVEL=1 tells the packages' scripts not to start their services.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
