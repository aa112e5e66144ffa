#!/bin/sh
# Makes an image: what Postfix, resolvers for it to ask, and dig to ask by, add to this machine's own system, as the upper layer of an overlay of /.
# Run in a mount namespace of its own, so that no mount outlives it. The machine itself is not changed.
#   install.sh IMAGE
set -eu
image=$1
[ -e "$image/complete" ] && exit 0

building=$image.building
rm -rf "$building"
mkdir -p "$building/upper" "$building/work" "$building/root"
root=$building/root
mount -t overlay mail-host-image -o "lowerdir=/,upperdir=$building/upper,workdir=$building/work" "$root"
mount -t proc proc "$root/proc"

# The install starts no service.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

export DEBIAN_FRONTEND=noninteractive
packages="postfix libfaketime unbound dnsmasq-base bind9-dnsutils"
command -v openssl > /dev/null || packages="$packages openssl"
install_packages() {
  # Words: the packages are several.
  chroot "$root" apt-get install -y --no-install-recommends $packages
}
install_packages || { chroot "$root" apt-get update && install_packages; }
chroot "$root" apt-get clean

# Mail that the machine itself has queued is not this host's to deliver.
for queue in maildrop incoming active deferred defer bounce hold corrupt; do
  [ ! -d "$root/var/spool/postfix/$queue" ] || find "$root/var/spool/postfix/$queue" -type f -delete
done

mkdir -p "$root/etc/postfix/tls"
chroot "$root" openssl req -x509 -newkey rsa:2048 -nodes -days 3650 \
  -subj /CN=mx1.example.org -addext subjectAltName=DNS:mx1.example.org \
  -keyout /etc/postfix/tls/mx.key -out /etc/postfix/tls/mx.crt
chmod 600 "$root/etc/postfix/tls/mx.key"

umount "$root/proc" "$root"
rm -rf "$building/work" "$building/root"
touch "$building/complete"
rm -rf "$image"
mv "$building" "$image"
