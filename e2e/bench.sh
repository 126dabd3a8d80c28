#!/bin/bash
# bench.sh [ROW]...: ours beside what it is measured against, in one run, as
# ratios. A row brings its reference; nothing of ours is cached before a cold one.
#   bare     the bare base, cold; the base image, cold           mmdebstrap minbase
#   arm64    the bare base for arm64, emulated, cold             mmdebstrap minbase for arm64, emulated
#   five     the five images: cold, nothing changed, one file    the same packages and files as Dockerfiles on
#            of configs/base changed, each time pushed           the same BuildKit (bench/dockerfiles.sh)
#   deploy   oardeploy -n N to ready, clean                      as many sleeping containers by parallel docker run
# Environment: ROWS (all), RUNS (3) of what takes seconds; of deploy, N (2 10 50)
# nodes, DEPLOYS (5) of each, but 3 of 50 and more.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
N=${N:-2 10 50} RUNS=${RUNS:-3} DEPLOYS=${DEPLOYS:-5}
read -ra rows <<<"${*:-${ROWS:-bare arm64 five deploy}}"
top=$(pwd) bin=$PWD/bin port=5055
work=$(mktemp -d /tmp/oarcluster-bench.XXXXXX)
place=$work/0 daemon="" registry=""

clean() {
	"$bin/oardeploy" clean bench >/dev/null 2>&1 || true
	docker ps -aq --filter label=oarcluster-bench | xargs -r docker rm -fv >/dev/null || true
	docker network rm oarcluster-bench >/dev/null 2>&1 || true
	stop
	rm -rf --one-file-system "$work"
}
trap clean EXIT

# clock COMMAND...: wall time in seconds; what the command says goes to a log.
clock() {
	local begin end
	sync
	begin=$(date +%s%N)
	"$@" >>"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; echo "failed: $*" >&2; return 1; }
	end=$(date +%s%N)
	awk -v n=$((end - begin)) 'BEGIN { printf "%.2f", n / 1e9 }'
}
median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
sum() { printf '%s\n' "$@" | awk '{ s += $1 } END { printf "%.2f", s }'; }

# row OURS SECONDS REFERENCE SECONDS [NOTE]
row() {
	printf '%-36s %7s s   %-44s %7s s  %6s x  %s\n' "$1" "$2" "$3" "$4" \
		"$(awk -v a="$2" -v b="$4" 'BEGIN { printf "%.3f", a / b }')" "${5:-}"
}

# start: a BuildKit, a cache and a registry of their own, all of them empty. What
# was before stays until the end: an ext4 without a journal searches long for an
# inode that was not freed within the last minutes.
start() {
	stop
	place=$work/$((${place##*/} + 1))
	mkdir "$place"
	"$bin/buildkitd" --root "$place/buildkit" --addr "unix://$work/buildkit.sock" \
		--otel-socket-path "$work/otel.sock" --oci-worker-net host >>"$work/daemon.log" 2>&1 &
	daemon=$!
	XDG_DATA_HOME=$place/data "$bin/oarbuild" registry serve --listen "localhost:$port" >>"$work/log" 2>&1 &
	registry=$!
	until [ -S "$work/buildkit.sock" ] && (: <"/dev/tcp/localhost/$port") 2>/dev/null; do
		kill -0 "$daemon" && kill -0 "$registry" || { tail "$work/daemon.log" "$work/log" >&2; return 1; }
		sleep 0.05
	done
}
stop() {
	local p
	for p in $daemon $registry; do kill "$p" 2>/dev/null && wait "$p" || true; done
	daemon="" registry=""
}

build() {
	XDG_CACHE_HOME=$place/cache XDG_DATA_HOME=$place/data "$bin/oarbuild" --builder "unix://$work/buildkit.sock" \
		--registry "localhost:$port/bench" --push "$@"
}

# The references take the machine's mirror too, and do with a stale one what apt was told to do.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n 's#/debian/*$##p' | head -n 1)
mirror=${mirror:-http://cloudfront.debian.net}
minbase() {
	local opts=() key value
	for key in Acquire::Check-Valid-Until Acquire::Check-Date; do
		value=$(apt-config dump --format '%v' "$key")
		if [ -n "$value" ]; then opts+=(--aptopt="$key \"$value\""); fi
	done
	mmdebstrap --variant=minbase --arch="$1" "${opts[@]}" "${@:3}" trixie "$2" \
		"deb $mirror/debian trixie main" "deb $mirror/debian trixie-updates main" "deb $mirror/debian-security trixie-security main"
}

bare_row() {
	local reference ours
	reference=$(clock minbase amd64 "$work/bare.tar")
	start
	ours=$(clock build --platform linux/amd64 --recipe "$work/bare.yaml")
	row "bare base, cold" "$ours" "mmdebstrap minbase" "$reference"
	start
	ours=$(clock build --platform linux/amd64 --recipe base)
	row "base image, cold" "$ours" "mmdebstrap minbase (112 packages fewer)" "$reference"
}

arm64_row() {
	local reference ours
	reference=$(clock minbase arm64 "$work/arm64.tar")
	start
	ours=$(clock build --platform linux/arm64 --recipe "$work/bare.yaml")
	row "bare base for arm64, cold" "$ours" "mmdebstrap minbase, emulated" "$reference"
}

. "$top/e2e/bench/dockerfiles.sh"
. "$top/e2e/bench/deploy.sh"

printf 'name: bare\nfrom: {debian: trixie}\n' >"$work/bare.yaml"
for r in "${rows[@]}"; do
	case $r in
	bare | arm64 | five | deploy) "${r}_row" ;;
	*) echo "bench.sh: no row $r: bare, arm64, five and deploy are" >&2; exit 2 ;;
	esac
done
