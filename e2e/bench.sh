#!/bin/bash
# bench.sh: ours beside a reference, in one run, as ratios. Nothing is cached by ours before.
#   the bare base and the base image, cold   against   mmdebstrap minbase
#   a second build of the same               against   the first
#   oardeploy -n N to ready                  against   as many containers that run `sleep`, by parallel docker run
# Environment: N (10) nodes, RUNS (3) of the deploy.
set -euo pipefail
N=${N:-10} RUNS=${RUNS:-3}
work=$(mktemp -d /tmp/oarcluster-bench.XXXXXX)
clean() {
	bin/oardeploy clean bench >/dev/null 2>&1 || true
	docker ps -aq --filter label=oarcluster-bench | xargs -r docker rm -f >/dev/null
	docker network rm oarcluster-bench >/dev/null 2>&1 || true
	if [ -s "$work/pid" ]; then kill "$(cat "$work/pid")"; while kill -0 "$(cat "$work/pid")" 2>/dev/null; do sleep 0.1; done; fi
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
row() { printf '%-46s %8s s   %-34s %8s s   %6s x\n' "$1" "$2" "$3" "$4" "$(awk -v a="$2" -v b="$4" 'BEGIN { printf "%.2f", a / b }')"; }

# The reference takes the machine's mirror too, and does with a stale one what apt was told to do.
minbase() {
	local opts=() key value
	for key in Acquire::Check-Valid-Until Acquire::Check-Date; do
		value=$(apt-config dump --format '%v' "$key")
		if [ -n "$value" ]; then opts+=(--aptopt="$key \"$value\""); fi
	done
	mmdebstrap --variant=minbase "${opts[@]}" trixie "$work/minbase.tar" \
		"deb $1/debian trixie main" "deb $1/debian trixie-updates main" "deb $1/debian-security trixie-security main"
}

# A BuildKit, a cache and a registry of their own, so that "cold" means nothing was there.
cold() {
	rm -rf "$work/cache" "$work/data"
	bin/buildkitd --root "$work/buildkit$1" --addr "unix://$work/buildkit$1.sock" --oci-worker-net host >>"$work/daemon.log" 2>&1 &
	echo $! >"$work/pid"
	while [ ! -S "$work/buildkit$1.sock" ]; do
		kill -0 "$(cat "$work/pid")" || { tail "$work/daemon.log" >&2; return 1; }
		sleep 0.05
	done
	builder=unix://$work/buildkit$1.sock
}
end() { kill "$(cat "$work/pid")"; wait "$(cat "$work/pid")" 2>/dev/null || true; rm -rf "$work/buildkit$1"; : >"$work/pid"; }
build() { XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data bin/oarbuild --builder "$builder" --registry localhost:5055/bench --push "$@"; }

printf 'name: bare\nfrom: {debian: trixie}\n' >"$work/bare.yaml"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n 's#/debian/*$##p' | head -n 1)
reference=$(clock minbase "${mirror:-http://cloudfront.debian.net}")
cold 1
row "bare base, cold" "$(clock build --recipe "$work/bare.yaml")" "mmdebstrap minbase" "$reference"
end 1
cold 2
base=$(clock build --recipe recipes/base.yaml)
row "base image, cold" "$base" "mmdebstrap minbase" "$reference"
row "base image, nothing changed" "$(clock build --recipe recipes/base.yaml)" "base image, cold" "$base"
end 2
cold 3
five=$(clock build)
row "five images, cold" "$five" "mmdebstrap minbase" "$reference"
row "five images, nothing changed" "$(clock build)" "five images, cold" "$five"
end 3

bin/oarbuild --push >>"$work/log" 2>&1
cd "$work"
bin=$OLDPWD/bin
up() { seq "$((N + 3))" | xargs -P 8 -I{} docker run -d --label oarcluster-bench --network oarcluster-bench --name "oarcluster-bench-{}" "$1" sleep infinity; }
down() { docker ps -aq --filter label=oarcluster-bench | xargs -P 8 -n 1 docker rm -f; }
image=$(docker images --format '{{.Repository}}:{{.Tag}}' | grep '/node:2.6.1$' | head -n 1)
ours=() theirs=() cleans=() removes=()
"$bin/oardeploy" -n 1 --name bench >>"$work/log" 2>&1 && "$bin/oardeploy" clean bench >>"$work/log" 2>&1
image=${image:-$(docker images --format '{{.Repository}}:{{.Tag}}' | grep '/node:2.6.1$' | head -n 1)}
docker network create oarcluster-bench >/dev/null
for _ in $(seq "$RUNS"); do
	theirs+=("$(clock up "$image")")
	removes+=("$(clock down)")
	ours+=("$(clock "$bin/oardeploy" -n "$N" --name bench)")
	cleans+=("$(clock "$bin/oardeploy" clean bench)")
done
row "oardeploy -n $N to ready" "$(median "${ours[@]}")" "docker run of $((N + 3)) sleeps, 8 at once" "$(median "${theirs[@]}")"
row "oardeploy clean" "$(median "${cleans[@]}")" "docker rm -f of them, 8 at once" "$(median "${removes[@]}")"
