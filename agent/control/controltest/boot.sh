# sh boot.sh DIR NAME: boots a machine NAME. Its root is an overlay over our own, in a mount namespace that the caller has
# made: when the container ends, however that happens, nothing is left to unmount. Units that would start at boot are
# taken out.
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/wk" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/wk" "$1/root"
cd "$1/root"
: >etc/machine-id
find etc/systemd/system -path '*.wants/*' -delete
ln -sf /lib/systemd/system/multi-user.target etc/systemd/system/default.target
mkdir -p var/log/journal
exec systemd-nspawn -q --register=no --keep-unit --private-network -M "$2" -D "$1/root" -b --console=pipe
