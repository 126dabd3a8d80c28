# deploy.sh: the row "deploy" of bench.sh, which reads it.
up() { seq "$(($2 + 3))" | xargs -P 8 -I{} docker run -d --label oarcluster-bench --network oarcluster-bench --name "oarcluster-bench-{}" "$1" sleep infinity; }
down() { docker ps -aq --filter label=oarcluster-bench | xargs -P 8 -n 1 docker rm -fv; }

# deploy_rows IMAGE NODES RUNS: ours and the reference in turn, as many times; then
# one node more and one bare container more.
deploy_rows() {
	local one ours=() theirs=() cleans=() removes=() scales=() adds=()
	for _ in $(seq "$3"); do
		one=$(clock up "$1" "$2")
		theirs+=("$one")
		one=$(clock docker run -d --label oarcluster-bench --network oarcluster-bench "$1" sleep infinity)
		adds+=("$one")
		one=$(clock down)
		removes+=("$one")
		one=$(clock "$bin/oardeploy" -n "$2" --name bench)
		ours+=("$one")
		one=$(clock "$bin/oardeploy" -n "$(($2 + 1))" --name bench)
		scales+=("$one")
		one=$(clock "$bin/oardeploy" clean bench)
		cleans+=("$one")
	done
	row "oardeploy -n $2 to ready" "$(median "${ours[@]}")" "docker run of $(($2 + 3)) sleeps, 8 at once" "$(median "${theirs[@]}")"
	row "one node more" "$(median "${scales[@]}")" "docker run of one more" "$(median "${adds[@]}")"
	row "oardeploy clean of $(($2 + 4)) hosts" "$(median "${cleans[@]}")" "docker rm -fv of as many, 8 at once" "$(median "${removes[@]}")"
}

deploy_row() {
	local image n starts=() one
	stop
	"$bin/oarbuild" --push >>"$work/log" 2>&1
	cd "$work"
	"$bin/oardeploy" -n 1 --name bench >>"$work/log" 2>&1
	image=$(docker inspect --format '{{.Image}}' bench_node1)
	"$bin/oardeploy" clean bench >>"$work/log" 2>&1
	docker network create oarcluster-bench >/dev/null
	for n in $N; do
		deploy_rows "$image" "$n" "$([ "$n" -lt 50 ] && echo "$DEPLOYS" || echo 3)"
	done
	for _ in 1 2 3 4 5; do
		one=$(clock "$bin/oardeploy" version)
		starts+=("$one")
	done
	cd "$top"
	row "oardeploy version" "$(median "${starts[@]}")" "its aim" 0.03
}
