#!/bin/sh
# Customize hook, $1 is the root: the documentation of the essential packages, unpacked before debian-exclude.sh.
set -eu
chroot "$1" /bin/sh -eu <<'INSIDE'
cd /usr/share
rm -rf man/* info/*
find locale -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
find doc \( -type f -o -type l \) ! -name copyright -delete
find doc -mindepth 1 -type d -empty -delete
INSIDE
