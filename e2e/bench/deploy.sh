# deploy.sh: the row "deploy" of bench.sh, which reads it.
up() { seq "$((N + 3))" | xargs -P 8 -I{} docker run -d --label oarcluster-bench --network oarcluster-bench --name "oarcluster-bench-{}" "$1" sleep infinity; }
down() { docker ps -aq --filter label=oarcluster-bench | xargs -P 8 -n 1 docker rm -f; }

deploy_row() {
	local image one ours=() theirs=() cleans=() removes=()
	stop
	"$bin/oarbuild" --push >>"$work/log" 2>&1
	cd "$work"
	"$bin/oardeploy" -n 1 --name bench >>"$work/log" 2>&1
	image=$(docker inspect --format '{{.Image}}' bench_node1)
	"$bin/oardeploy" clean bench >>"$work/log" 2>&1
	docker network create oarcluster-bench >/dev/null
	for _ in $(seq "$RUNS"); do
		one=$(clock up "$image")
		theirs+=("$one")
		one=$(clock down)
		removes+=("$one")
		one=$(clock "$bin/oardeploy" -n "$N" --name bench)
		ours+=("$one")
		one=$(clock "$bin/oardeploy" clean bench)
		cleans+=("$one")
	done
	cd "$top"
	row "oardeploy -n $N to ready" "$(median "${ours[@]}")" "docker run of $((N + 3)) sleeps, 8 at once" "$(median "${theirs[@]}")"
	row "oardeploy clean" "$(median "${cleans[@]}")" "docker rm -f of them, 8 at once" "$(median "${removes[@]}")"
}
