#!/bin/sh
# stale.sh: fails when the locks of RECIPES (default recipes/*.yaml) have not been renewed for DAYS
# (default 45), or when there are none and the repository is older. Whoever hosts the nightly schedule
# may have put it to sleep; this runs where people look: with every push.
set -eu
days=${DAYS:-45}
set --
for recipe in ${RECIPES:-recipes/*.yaml}; do set -- "$@" "${recipe%.yaml}.*.lock.json"; done
last=$(git log -1 --format=%ct -- "$@")
first=$(git log --max-parents=0 --format=%ct | sort -n | head -n 1)
age=$((($(date +%s) - ${last:-$first}) / 86400))
if [ "$age" -gt "$days" ]; then
	what="the locks are $age days old"
	[ -n "$last" ] || what="no night has written locks in $age days"
	echo "stale: error: $what, more than $days: the nightly rebuild sleeps or fails" >&2
	echo "stale: hint: look at its last runs and enable its schedule again, or run: make rebuild" >&2
	exit 1
fi
[ -n "$last" ] || { echo "stale: no night has written locks yet" >&2; exit 0; }
echo "stale: the locks are $age days old" >&2
