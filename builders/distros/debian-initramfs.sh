#!/bin/sh
# Essential hook, $1 is the root: settings for the one ramdisk that debian-finish.sh makes.
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d"
printf 'MODULES=most\nCOMPRESS=zstd\nCOMPRESSLEVEL=3\n' > "$1/etc/initramfs-tools/conf.d/image"
