#!/bin/sh
# Essential hook, $1 is the root: dpkg unpacks no documentation from here on, also of later upgrades.
# (As --dpkgopt from the beginning it would send every archive through a slow filter.)
set -eu
cat > "$1/etc/dpkg/dpkg.cfg.d/without-documentation" <<'CONFIGURATION'
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-include=/usr/share/locale/locale.alias
CONFIGURATION
