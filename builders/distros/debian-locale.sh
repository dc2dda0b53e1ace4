#!/bin/sh
# Customize hook, $1 is the root: make the one language that the definition wants, inside, in the charset it goes with.
set -eu
chroot "$1" /bin/sh -eu <<'INSIDE'
case $IMAGE_LOCALE in
    *.UTF-8*) charset=UTF-8 ;;
    *) charset=$(awk -v wanted="$IMAGE_LOCALE" '$1 == wanted { print $2; exit }' /usr/share/i18n/SUPPORTED) ;;
esac
printf '%s %s\n' "$IMAGE_LOCALE" "$charset" > /etc/locale.gen
locale-gen < /dev/null
if LC_ALL=$IMAGE_LOCALE locale charmap 2>&1 | grep -q 'Cannot set'; then # locale-gen itself never fails
    echo "E: the package locales cannot make the language $IMAGE_LOCALE" >&2
    exit 1
fi
INSIDE
