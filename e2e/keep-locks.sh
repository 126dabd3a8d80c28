#!/bin/sh
# keep-locks.sh: commits the locks that a rebuild of RECIPES (default recipes/*.yaml) has written, and
# pushes the commit. It does so when packages differ, and once in DAYS (default 30) when the packages
# are the same: a repository without commits loses its schedule after 60 days.
set -eu
days=${DAYS:-30}
set --
for recipe in ${RECIPES:-recipes/*.yaml}; do
	for lock in "${recipe%.yaml}".*.lock.json; do [ ! -e "$lock" ] || set -- "$@" "$lock"; done
done
[ $# -gt 0 ] || { echo "keep-locks: error: no recipe has a lock" >&2; echo "keep-locks: hint: run: make rebuild" >&2; exit 1; }
git add --intent-to-add -- "$@"
git diff --quiet -- "$@" && { echo "keep-locks: nothing has changed" >&2; exit 0; }
last=$(git log -1 --format=%ct -- "$@")
old=$(($(date +%s) - ${last:-0} > days * 86400))
changed=0
for lock in $(git diff --name-only --relative -- "$@"); do
	git show "HEAD:./$lock" >"$lock.old" 2>/dev/null || rm -f "$lock.old"
	[ -s "$lock.old" ] && bin/oarbuild diff --exit-code "$lock.old" "$lock" >/dev/null || changed=1
	rm -f "$lock.old"
done
[ "$changed$old" != 00 ] || { echo "keep-locks: the packages are the same" >&2; exit 0; }
git -c user.name=rebuild -c user.email=rebuild@localhost commit -qm "Lock the packages of $(date -u +%F)" -- "$@"
git push -q
echo "keep-locks: committed" >&2
