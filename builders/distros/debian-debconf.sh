#!/bin/sh
# Essential hook, $1 is the root: answers for the questions of packages that are not configured yet.
set -eu
chroot "$1" debconf-set-selections < "$IMAGE_DEBCONF"
