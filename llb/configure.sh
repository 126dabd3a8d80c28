#!/bin/sh
# The configure step: the second half of an installation. It runs in the image,
# as root and without network, after internal/debian/layer has put a set of
# packages into it, unpacked.
#
# Environment: DEBIAN_FRONTEND, SOURCE_DATE_EPOCH (seconds), PACKAGES (the names
# that were asked for). Mounts, each of which may be absent: /run/eatmydata (a
# library that makes fsync free), /run/below (the tree beneath, read only),
# /run/native (programs of another architecture) with /run/image (this tree, read
# only) and what stands in the place of interpreters (native.sh).
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
cd /
exec </dev/null

# Kept from the scripts: with SOURCE_DATE_EPOCH set, Python's byte-compiler
# would write files that are checked by a hash of their source at each start.
epoch=$SOURCE_DATE_EPOCH
unset SOURCE_DATE_EPOCH

admin=/var/lib/dpkg
work=/run/oarbuild
mkdir -p "$work/bin"

# The dynamic linker replaces $LIB by the folder of its architecture (ld.so(8)).
for library in /run/eatmydata/usr/lib/*/libeatmydata.so /run/native/usr/lib/*/libeatmydata.so; do
	if [ -e "$library" ]; then
		library=${library%/*}
		mkdir -p "$work/preload/lib"
		ln -s "$library" "$work/preload/lib/${library##*/}"
	fi
done
if [ -d "$work/preload" ]; then
	export LD_PRELOAD="$work/preload/\$LIB/libeatmydata.so${LD_PRELOAD:+:$LD_PRELOAD}"
fi

# Does this machine run the native programs? Unlike sh, bash does not take a
# program of another machine for a script.
for loader in /run/native/usr/lib/*/ld-linux*.so.* /run/native/lib/*/ld-linux*.so.*; do
	if bash -c '"$0" --version' "$loader" >/dev/null 2>&1; then
		export OARBUILD_LOADER="$loader"
	fi
done

# Directories of the tree beneath come again with the layer, as their packages
# have them. What maintainer scripts made of them since is brought back.
restore_directories() {
	[ -d /run/below/var/lib/dpkg ] || return 0
	(cd /run/below && find . -xdev -type d -printf '%m %U %G %p\n' | sort) >"$work/below"
	find . -xdev -type d -printf '%m %U %G %p\n' | sort >"$work/now"
	comm -23 "$work/below" "$work/now" | while read -r mode uid gid dir; do
		if [ -d "$dir" ] && [ ! -L "$dir" ] && ! mountpoint -q "$dir"; then
			chown "$uid:$gid" "$dir"
			chmod "$mode" "$dir"
		fi
	done
}

# dpkg runs a preinst before it unpacks. Here the package's own files are there
# already: a diversion that the preinst makes way with must not move those.
shield_diversions() {
	cat >"$work/bin/dpkg-divert" <<-'END'
	#!/bin/sh
	rename=--no-rename
	for path; do :; done
	grep -qxF -e "$path" "/var/lib/dpkg/info/$OARBUILD_INFO.list" || rename=
	for word; do
		shift
		if [ "$word" = --rename ] && [ -n "$rename" ]; then
			word=$rename
		fi
		set -- "$@" "$word"
	done
	exec /usr/bin/dpkg-divert "$@"
	END
	chmod 755 "$work/bin/dpkg-divert"
}

run_preinst() {
	[ -e "$admin/oarbuild-preinst" ] || return 0
	shield_diversions
	version=$(dpkg-query -W -f '${Version}' dpkg)
	while read -r info package arch; do
		OARBUILD_INFO=$info PATH=$work/bin:$PATH \
			DPKG_MAINTSCRIPT_PACKAGE=$package DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 \
			DPKG_MAINTSCRIPT_ARCH=$arch DPKG_MAINTSCRIPT_NAME=preinst \
			DPKG_MAINTSCRIPT_DEBUG=0 DPKG_RUNNING_VERSION=$version \
			DPKG_ADMINDIR=$admin DPKG_ROOT='' \
			"$admin/info/$info.preinst" install || {
			echo "preinst of $package failed with status $?" >&2
			exit 1
		}
	done <"$admin/oarbuild-preinst"
	rm "$admin/oarbuild-preinst"
	move_diverted
}

# A file that was unpacked under a name that another package diverts belongs
# under the diverted name.
move_diverted() {
	[ -s "$admin/diversions" ] || return 0
	while read -r from && read -r to && read -r owner; do
		[ -e "$from" ] && [ ! -e "$to" ] || continue
		for list in $(grep -lxF -e "$from" "$admin"/info/*.list); do
			name=${list##*/}
			name=${name%.list}
			if [ "${name%%:*}" != "$owner" ] && grep -qxF -e "${name%%:*}" "$work/new"; then
				mv "$from" "$to"
			fi
		done
	done <"$admin/diversions"
}

# What collides with other packages' files is left to dpkg as a whole.
unpack_real() {
	[ -d /var/lib/oarbuild ] || return 0
	dpkg --force-depends --unpack /var/lib/oarbuild/*.deb
	rm -r /var/lib/oarbuild
}

# apt's marks: what came in for others is automatic, what was asked for is not.
mark() {
	states=/var/lib/apt/extended_states
	arch=$(dpkg --print-architecture)
	[ -e "$states" ] || : >"$states"
	awk -v arch="$arch" -v asked="${PACKAGES:-}" '
		BEGIN { split(asked, names, /[ \t\n]+/); for (i in names) manual[names[i]] = 1 }
		FILENAME == ARGV[1] { if (/^Package: /) auto[$2] = 1; next }
		{ auto[$1] = 1 }
		END { for (name in auto) if (!(name in manual)) print name }
	' "$states" "$work/new" | sort | while read -r name; do
		printf 'Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n' "$name" "$arch"
	done >"$work/states"
	cat "$work/states" >"$states"
}

# Private keys that maintainer scripts make: no image holds one.
drop_keys() {
	rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /etc/oar/oar_ssh_host_*_key* \
		/var/lib/oar/.ssh/id_rsa /var/lib/oar/.ssh/id_rsa.pub /var/lib/oar/.ssh/authorized_keys
	[ -e /etc/ssl/private/ssl-cert-snakeoil.key ] || return 0
	find /etc/ssl/certs -lname ssl-cert-snakeoil.pem -delete
	rm -f /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem
}

# What differs from one build to the next.
clean() {
	rm -rf /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log /var/log/apt/* \
		/var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache \
		/var/lib/systemd/catalog/database /var/cache/debconf/tmp.ci
	if [ -e /etc/machine-id ]; then
		: >/etc/machine-id
	fi
	rm -f /var/lib/dbus/machine-id
	for account in /etc/shadow /etc/shadow-; do
		[ ! -e "$account" ] || sed -i -E "s/^([^:]*:[^:]*):[0-9]+:/\1:$((epoch / 86400)):/" "$account"
	done
	unset LD_PRELOAD # it leads through $work
	rm -rf "$work"
	find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run/below -o -path ./run/eatmydata \
		-o -path ./run/native -o -path ./run/image \) -prune -o \
		-newermt "@$epoch" ! -path ./etc/resolv.conf ! -path ./etc/hosts ! -path ./etc/hostname -print0 |
		xargs -0r touch -hcd "@$epoch"
}

restore_directories
dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ unpacked$//p' >"$work/new"
run_preinst
unpack_real
dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ unpacked$//p' >"$work/new"
dpkg --configure -a
audit=$(dpkg --audit)
if [ -n "$audit" ]; then
	printf 'dpkg --audit says:\n%s\n' "$audit" >&2
	exit 1
fi
mark
drop_keys
clean
