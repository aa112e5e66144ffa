#!/bin/sh
# Makes an image: what Docker and its tools add to this machine's own system, as the upper layer of an overlay of /, and a root file
# system to build images on. Run in a mount namespace of its own, so that no mount outlives it. The machine itself is not changed.
#   install.sh IMAGE
set -eu
image=$1
[ -e "$image/complete" ] && exit 0

building=$image.building
rm -rf "$building"
mkdir -p "$building/upper" "$building/work" "$building/root"
root=$building/root
mount -t overlay docker-image -o "lowerdir=/,upperdir=$building/upper,workdir=$building/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir "$root/build"
mount --bind "$building" "$root/build"

# The install starts no service.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

export DEBIAN_FRONTEND=noninteractive
install_packages() {
  chroot "$root" apt-get install -y --no-install-recommends docker.io docker-compose mmdebstrap iproute2
}
install_packages || { chroot "$root" apt-get update && install_packages; }
chroot "$root" apt-get clean

# The sources and keys are this machine's own.
chroot "$root" mmdebstrap --quiet --variant=minbase --include=ca-certificates "$(. /etc/os-release && echo "$VERSION_CODENAME")" /build/base.tar

umount -R "$root"
rm -rf "$building/work" "$building/root"
touch "$building/complete"
rm -rf "$image"
mv "$building" "$image"
