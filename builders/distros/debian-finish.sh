#!/bin/sh
# Customize hook, $1 is the root: make the ramdisk and start the network, all of it inside: no link leads out of there.
# What belongs to the build machine or differs from build to build is taken out later (builders/customise/leftovers.py).
set -eu
chroot "$1" /bin/sh -eu <<'INSIDE'
for modules in /lib/modules/*; do
    [ -d "$modules" ] || continue
    version=${modules##*/}
    update-initramfs -c -k "$version" < /dev/null
    ln -sf "boot/initrd.img-$version" /initrd.img
done

if [ -e /lib/systemd/systemd-resolved ]; then
    ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
else
    : > /etc/resolv.conf
fi
if [ -e /lib/systemd/systemd-networkd ] && [ ! -e /usr/sbin/netplan ] && [ ! -e /sbin/ifup ]; then
    printf '[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n' > /etc/systemd/network/80-dhcp.network
    systemctl --quiet enable systemd-networkd.service
fi
INSIDE
