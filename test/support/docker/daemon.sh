#!/bin/sh
# Runs Debian's dockerd in mount and pid namespaces of its own, on the machine's network, for as long as standard input is open. When that
# ends, however the process at the other end of the pipe ended, the kernel ends the daemon and every container with it, and the mounts go;
# the bridge is taken down here.
#   daemon.sh outside IMAGE REPOSITORY
# Prints `pid N`, the pid of the first process inside, when that is there. The socket is IMAGE/run/docker.sock; IMAGE/data is kept, so that
# images are built once. One process at a time: the caller holds a lock.
set -eu

BRIDGE=tlsrep-docker0
SUBNET=172.30.99.1/24

outside() {
  trap '' HUP INT TERM
  # A killed run leaves it behind.
  ip link delete "$BRIDGE" 2> /dev/null || true
  ip link add name "$BRIDGE" type bridge
  ip address add "$SUBNET" dev "$BRIDGE"
  ip link set "$BRIDGE" mtu 1400 up
  unshare --mount --pid --fork --kill-child sh "$0" inside "$@" || true
  ip link delete "$BRIDGE"
}

inside() {
  image=$1 repository=$2
  root=$image/root
  # /proc is still the machine's: this is the pid by which the machine knows this process.
  read -r pid _ < /proc/self/stat

  rm -rf "$image/work" "$image/root" "$image/run"
  mkdir -p "$image/work" "$image/root" "$image/run" "$image/data"
  mount -t overlay docker -o "lowerdir=/,upperdir=$image/upper,workdir=$image/work" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
  mount -t tmpfs tmpfs "$root/run"
  # An overlay shows one file system, and the repository may lie on another. Docker's own data may not lie on an overlay.
  mkdir -p "$root$repository" "$root/docker"
  mount --bind "$repository" "$root$repository"
  mount --bind "$image" "$root/docker"
  rm -f "$root/etc/resolv.conf"
  cp /etc/resolv.conf "$root/etc/resolv.conf"

  # A new root, and not chroot: `docker exec` enters the mount namespace of a container, whose root would else be the machine's.
  mkdir -p "$root/machine"
  cd "$root"
  pivot_root . machine
  cd /
  umount -l /machine

  echo "pid $pid"
  env PATH=/usr/sbin:/usr/bin:/sbin:/bin dockerd \
    --host unix:///docker/run/docker.sock \
    --data-root /docker/data --exec-root /run/docker-exec --pidfile /run/docker.pid \
    --storage-driver overlay2 --exec-opt native.cgroupdriver=cgroupfs \
    --bridge "$BRIDGE" --mtu 1400 --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false \
    > /docker/dockerd.log 2>&1 &
  daemon=$!
  cat > /dev/null
  kill -TERM "$daemon" 2> /dev/null || true
  wait "$daemon" || true
}

step=$1
shift
case $step in
  inside) inside "$@" ;;
  outside) outside "$@" ;;
esac
