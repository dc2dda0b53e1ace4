#!/bin/sh
# Customize hook, $1 is the root: make the one language that the definition wants.
set -eu
charset=${IMAGE_LOCALE#*.}
case $IMAGE_LOCALE in
    *.*) ;;
    *) charset=ISO-8859-1 ;;
esac
printf '%s %s\n' "$IMAGE_LOCALE" "${charset%@*}" > "$1/etc/locale.gen"
chroot "$1" locale-gen
