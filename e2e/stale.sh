#!/bin/sh
# stale.sh: fails when the locks have not been renewed for DAYS (default 45). Whoever hosts the nightly
# schedule may have put it to sleep; this runs where people look: with every push.
set -eu
days=${DAYS:-45}
last=$(git log -1 --format=%ct -- 'recipes/*.lock.json')
[ -n "$last" ] || { echo "stale: no night has written locks yet" >&2; exit 0; }
age=$((($(date +%s) - last) / 86400))
[ "$age" -le "$days" ] || {
	echo "stale: error: the locks are $age days old, more than $days: the nightly rebuild sleeps or fails" >&2
	echo "stale: hint: look at its last runs and enable its schedule again, or run: make rebuild" >&2
	exit 1
}
echo "stale: the locks are $age days old" >&2
