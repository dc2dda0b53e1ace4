#!/bin/sh
# Customize hook, $1 is the root: make the ramdisk and start the network.
# What belongs to the build machine or differs from build to build is taken out later (builders/customise/leftovers.py).
set -eu
root=$1

for modules in "$root"/lib/modules/*; do
    [ -d "$modules" ] || continue
    version=${modules##*/}
    chroot "$root" update-initramfs -c -k "$version"
    ln -sf "boot/initrd.img-$version" "$root/initrd.img"
done

if [ -e "$root/lib/systemd/systemd-resolved" ]; then
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
else
    : > "$root/etc/resolv.conf"
fi
if [ -e "$root/lib/systemd/systemd-networkd" ] && [ ! -e "$root/usr/sbin/netplan" ] && [ ! -e "$root/sbin/ifup" ]; then
    printf '[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n' > "$root/etc/systemd/network/80-dhcp.network"
    chroot "$root" systemctl --quiet enable systemd-networkd.service
fi
