#!/bin/sh
# Run each script of the first boot until it has done its work once.
done=/var/lib/first-boot
mkdir -p "$done"
failed=0
for script in /usr/lib/first-boot/scripts/*; do
    name=${script##*/}
    if [ ! -e "$done/$name" ]; then
        if "$script"; then
            : > "$done/$name"
        else
            echo "first-boot: script $name ended with status $?"
            failed=1
        fi
    fi
done
exit "$failed"
