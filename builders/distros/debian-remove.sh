#!/bin/sh
# Customize hook, $1 is the root: purge what the definition does not want; the names hold no blanks and no wildcards.
set -eu
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive chroot "$1" dpkg --purge -- $IMAGE_REMOVE
