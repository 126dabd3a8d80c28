#!/bin/sh
# rebuild.sh: what runs every night. It locks today's packages; when these or the recipes differ from
# what is published, it builds and tests the images and pushes them, with a dated tag and then with
# those of the recipes. Nothing to do is success. It reads from the environment:
#   REGISTRY   where the images go (default localhost:5000/oarcluster)
#   REGISTRY_USER, REGISTRY_TOKEN   to log in there, when they are set
#   RECIPES    the recipes' files (default recipes/*.yaml)
#   PLATFORMS  comma-separated (default linux/amd64,linux/arm64)
#   TEST       a command that must succeed before anything is pushed (default: a cluster runs a job)
#   SUMMARY    a file that gets, as Markdown, what has changed (default GitHub's, else standard error)
#   BUILD_FLAGS   further flags of the builds, such as those of a cache
set -eu
say() { printf '\n==> %s\n' "$1" >&2; }
note() { printf '%s\n' "$@" >>"$summary"; }

registry=${REGISTRY:-localhost:5000/oarcluster}
recipes=${RECIPES:-recipes/*.yaml}
platforms=${PLATFORMS:-linux/amd64,linux/arm64}
summary=${SUMMARY:-${GITHUB_STEP_SUMMARY:-/dev/stderr}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
set --
for recipe in $recipes; do set -- "$@" --recipe "$recipe"; done

if [ -n "${REGISTRY_TOKEN:-}" ]; then
	export DOCKER_CONFIG="$work/docker"
	printf '%s' "$REGISTRY_TOKEN" | docker login --username "${REGISTRY_USER:?}" --password-stdin "${registry%%/*}" >&2
fi

# locks: the lock files beside the recipes.
locks() { for recipe in $recipes; do find "$(dirname "$recipe")" -maxdepth 1 -name "$(basename "$recipe" .yaml).*.lock.json"; done; }

say "locking today's packages"
for lock in $(locks); do mkdir -p "$work/old/$(dirname "$lock")" && cp "$lock" "$work/old/$lock"; done
bin/oarbuild lock --no-fetch --platform "$platforms" "$@" >&2
note "## Images at $registry" ""
for lock in $(locks); do
	if [ ! -e "$work/old/$lock" ]; then note "$lock is new." ""; continue; fi
	bin/oarbuild diff "$work/old/$lock" "$lock" >"$work/diff"
	[ ! -s "$work/diff" ] || note "$lock:" "" '```' "$(cat "$work/diff")" '```' ""
done

say "building what differs from the published images"
build() { bin/oarbuild "$@" --locked --platform "$platforms" --registry "$registry" ${BUILD_FLAGS:-}; }
code=0
build "$@" --if-changed || code=$?
case $code in
0) ;;
3) note "Nothing to do: what is published has these packages and recipes."; exit 0 ;;
*) note "The build failed, and nothing was pushed."; exit "$code" ;;
esac

say "testing it"
cluster() { BUILD_FLAGS="$* --locked" sh e2e/demo.sh && bin/oardeploy clean; }
if [ -n "${TEST:-}" ]; then sh -c "$TEST"; else cluster "$@"; fi || { note "The test failed, and nothing was pushed."; exit 1; }

say "pushing it"
dated=$(bin/oarbuild vars "$@" | awk '$2 == "oar" { print $3; exit }')-$(date -u +%Y%m%d)
build "$@" --push --tag "$dated" >"$work/pushed"
build "$@" --push >>"$work/pushed"
note "Pushed:" "" '```' "$(cat "$work/pushed")" '```'
cat "$work/pushed"
