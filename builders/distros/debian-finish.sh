#!/bin/sh
# Customize hook, $1 is the root: make the ramdisk, start the network, remove what belongs to the build machine
# or differs from build to build.
set -eu
root=$1

for modules in "$root"/lib/modules/*; do
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

: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub
rm -rf "$root"/var/log/*.log "$root"/var/log/apt/* "$root/var/log/journal" "$root/var/cache/ldconfig/aux-cache"
rm -f "$root"/var/cache/apt/*.bin "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old \
    "$root/var/lib/systemd/random-seed" "$root/var/lib/systemd/catalog/database" "$root/root/.bash_history"
for log in lastlog wtmp btmp faillog; do
    if [ -e "$root/var/log/$log" ]; then
        : > "$root/var/log/$log"
    fi
done
