#!/bin/sh
# setup.sh [test|bench|rebuild]: brings what the targets of the Makefile need and this machine lacks.
# On Debian as root it installs packages and starts the Engine; elsewhere it says what to install.
set -eu
export DEBIAN_FRONTEND=noninteractive

die() { echo "make: $1" >&2; echo "make: hint: $2" >&2; exit 1; }

# need COMMAND PACKAGE: notes the package when the command is not there.
missing=""
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }

# The pinned buildkitd runs steps by runc: as root, or in a container of the Engine.
[ "$(id -u)" = 0 ] || [ -n "${BUILDKIT_HOST:-}" ] || docker version >/dev/null 2>&1 ||
	die "building needs root, the right to use Docker, or a BuildKit" "run it by sudo, join the group docker, or set BUILDKIT_HOST to the address of a BuildKit"
command -v go >/dev/null 2>&1 || die "Go is missing" "install it from https://go.dev/dl"
need runc runc
need ssh openssh-client
# An Engine that answers may live elsewhere (DOCKER_HOST): its packages are needed only when none does.
docker version >/dev/null 2>&1 || need dockerd docker.io
case "${1:-}" in
test)
	need chromium chromium
	need ip iproute2
	# The race detector is C.
	need gcc "gcc libc6-dev"
	need mandoc mandoc
	need mmdebstrap mmdebstrap
	need qemu-aarch64-static qemu-user-static
	need update-binfmts binfmt-support
	need skopeo skopeo
	need sshd openssh-server
	;;
rebuild)
	need qemu-aarch64-static qemu-user-static
	need update-binfmts binfmt-support
	;;
bench)
	need mmdebstrap mmdebstrap
	need arch-test arch-test
	need qemu-aarch64-static qemu-user-static
	need update-binfmts binfmt-support
	;;
esac

if [ -n "$missing" ]; then
	command -v apt-get >/dev/null 2>&1 || die "missing:$missing" "install these with your package manager"
	[ "$(id -u)" = 0 ] || die "missing:$missing" "sudo apt-get install$missing"
	# A machine that was just started may be at it itself.
	apt-get -qq update || { sleep 30 && apt-get -qq update; }
	apt-get -qqy -o DPkg::Lock::Timeout=600 install --no-install-recommends $missing >/dev/null
	# Until bookworm the Engine's package has the client; from trixie on it is one of its own.
	command -v docker >/dev/null 2>&1 || apt-get -qqy -o DPkg::Lock::Timeout=600 install --no-install-recommends docker-cli >/dev/null
fi

# A foreign platform's maintainer scripts run under QEMU; the kernel learns of it through binfmt_misc.
case "${1:-}" in test | rebuild | bench) foreign=yes ;; *) foreign=no ;; esac
if [ "$foreign" = yes ] && [ "$(id -u)" = 0 ]; then
	mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
	[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64
fi

engine() { docker version >/dev/null 2>&1; }
if ! engine; then
	[ "$(id -u)" = 0 ] || die "no Docker Engine answers" "start it (sudo systemctl start docker) and join the group docker"
	if [ -d /run/systemd/system ]; then systemctl start docker; else nohup dockerd >/var/log/dockerd.log 2>&1 & fi
	tries=0
	until engine; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || die "the Docker Engine did not come up" "read /var/log/dockerd.log, or journalctl -u docker"
		sleep 0.2
	done
fi
