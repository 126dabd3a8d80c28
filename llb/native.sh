# Stands in the place of $interpreter while configure.sh runs. Scripts of Debian
# that do the same on every machine are run by the native interpreter below
# /run/native, which is the very same version. Whatever else is run by the image's
# own, below /run/image.
for script; do
	case $script in
	-*) ;;
	*) break ;;
	esac
done
native=
case ${OARBUILD_COMPILING:-}$interpreter:${script:-} in
*/perl:/usr/bin/deb-systemd-helper | */perl:/usr/bin/deb-systemd-invoke) native=yes ;;
*/perl:/usr/sbin/update-rc.d | */perl:/usr/share/debconf/frontend) native=yes ;;
/usr/bin/python*:/usr/lib/python3.*/py_compile.py) native=yes ;;
# Byte-compiling a package, it starts others of its kind.
/usr/bin/python*:/usr/bin/py3compile) native=yes && export OARBUILD_COMPILING=yes ;;
yes/usr/bin/python*) native=yes ;;
esac
if [ -z "$native" ] || [ -z "${OARBUILD_LOADER:-}" ]; then
	# bash gives it the name by which it finds its own files.
	exec /bin/bash -c 'exec -a "$0" "$@"' "$interpreter" "/run/image$interpreter" "$@"
fi
triplet=${OARBUILD_LOADER%/*}
triplet=${triplet##*/}
case $interpreter in
*/perl) set -- "-I/run/native/usr/lib/$triplet/perl-base" "$@" ;;
esac
exec "$OARBUILD_LOADER" --argv0 "$interpreter" --library-path "/run/native/usr/lib/$triplet:/run/native/lib/$triplet" \
	"/run/native$interpreter" "$@"
