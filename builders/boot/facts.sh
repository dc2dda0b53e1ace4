# Asked of a booted machine over ssh, as its default user: one part a question, each begun by a line `## name`.
export LC_ALL=C
cloud-init status --wait >/dev/null 2>&1
systemctl is-system-running --wait >/dev/null 2>&1
echo '## cloud-init'
cloud-init status --format json 2>/dev/null
echo '## units'
systemctl list-units --state=failed --plain --no-legend --no-pager
echo '## root'
df -B1 --output=size /
echo '## host-keys'
cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null
echo '## machine-id'
cat /etc/machine-id
echo '## hostname'
hostname
echo '## passwordless'
sudo -n cat /etc/shadow 2>/dev/null | while IFS=: read -r name password _; do
    [ -n "$password" ] || echo "$name"
done
echo '## time'
date +%s
echo '## end'
