# Runs the script of a recipe's step over the files mounted at /run/files, if any,
# which it puts into the image first; then sets the times of what it changed to
# SOURCE_DATE_EPOCH, for a layer holds no clock. Arguments: after how many seconds
# the script is ended (0: never), the script, and its own arguments. It has no
# standard input: whatever asks a question gets no answer, and waits for none. The
# library at /run/eatmydata, if mounted, makes fsync free. What is under the pruned
# paths is mounted for the build, and not the image's.
limit=$1 script=$2
shift 2
for library in /run/eatmydata/usr/lib/*/libeatmydata.so; do
	[ ! -e "$library" ] || export LD_PRELOAD="$library${LD_PRELOAD:+:$LD_PRELOAD}"
done
[ ! -d /run/files ] || cp --archive --remove-destination /run/files/. /
if [ "$limit" = 0 ]; then
	/bin/sh -e -c "$script" step "$@" </dev/null
else
	timeout -k 10 "$limit" /bin/sh -e -c "$script" step "$@" </dev/null
fi
find / -xdev \
	\( -path /proc -o -path /sys -o -path /dev -o -path /run/eatmydata -o -path /run/files \
	-o -path /run/secrets -o -path /run/ssh-agent -o -path /etc/hosts -o -path /etc/resolv.conf \) -prune \
	-o -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
