#!/bin/sh
# The first process of a mail host, in network, pid, mount and UTS namespaces of its own. It ends when its standard input
# does, however the process at the other end of that pipe ended; with it the kernel ends every process of the host, and with
# them go the mounts and the network. So nothing has to be cleaned up but files.
#   init.sh IMAGE DIRECTORY HOST_NAME MX_ADDRESS MX_ADDRESS_V6
set -eu
image=$1 directory=$2 name=$3 address=$4 address_v6=$5
root=$directory/root

# /proc is still the machine's: this is the pid by which the machine knows this process.
read -r pid _ < /proc/self/stat

# Overlays refuse two lower layers of which one lies within the other, so the image is copied and not stacked.
cp -a "$image/upper" "$directory/upper"
mount -t overlay mail-host -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root/var/log" "$root/var/mail"
mount --bind "$directory/log" "$root/var/log"
mount --bind "$directory/mail" "$root/var/mail"

hostname "$name"
ip link set lo up
for network in 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24; do
  ip route add local "$network" dev lo
done
# Postfix listens only on addresses that an interface has.
ip address add "$address/32" dev lo
# A machine without IPv6 has a mail host without IPv6.
if [ -e /proc/sys/net/ipv6/ip_nonlocal_bind ]; then
  echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
  ip address add "$address_v6/128" dev lo
  ip -6 route add local 2001:db8::/32 dev lo
fi

# A copy of the file where the machine's is a link to elsewhere.
rm -f "$root/etc/resolv.conf"
cp "$directory/resolv.conf" "$root/etc/resolv.conf"
cp "$directory/hosts" "$root/etc/hosts"
cp -R "$directory/files/." "$root/"

echo "pid $pid"
(
  status=0
  chroot "$root" postfix start-fg || status=$?
  echo "stopped $status"
) &
cat > /dev/null
