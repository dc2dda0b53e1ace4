#!/bin/sh
# The tiny image's first and only program: say on the console what was booted, then switch the machine off.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
# shellcheck source=/dev/null
. /etc/lsb-release
echo "$DISTRIB_DESCRIPTION on kernel $(uname -r)"
cat /etc/cloud/build.info
if [ -x /usr/lib/first-boot/run ]; then
    mount -o remount,rw /
    /usr/lib/first-boot/run
fi
echo "$DISTRIB_CODENAME is up"
sleep 1
poweroff -f
