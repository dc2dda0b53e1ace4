#!/bin/sh
# Customize hook, $1 is the root: make the one language that the definition wants, inside.
set -eu
chroot "$1" /bin/sh -eu <<'INSIDE'
case $IMAGE_LOCALE in
    *.UTF-8*) charset=UTF-8 ;;
    *) charset=ISO-8859-1 ;;
esac
printf '%s %s\n' "$IMAGE_LOCALE" "$charset" > /etc/locale.gen
locale-gen < /dev/null
INSIDE
