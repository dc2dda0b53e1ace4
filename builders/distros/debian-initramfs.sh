#!/bin/sh
# Essential hook, $1 is the root: settings for the one ramdisk that debian-finish.sh makes.
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d"
printf 'MODULES=most\nCOMPRESS=%s\n' "$IMAGE_COMPRESSION" > "$1/etc/initramfs-tools/conf.d/image"
if [ "$IMAGE_COMPRESSION" = zstd ]; then
    echo COMPRESSLEVEL=3 >> "$1/etc/initramfs-tools/conf.d/image"
fi
