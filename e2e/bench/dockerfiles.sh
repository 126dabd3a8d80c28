# dockerfiles.sh: the row "five" of bench.sh, which reads it. The reference is one
# multi-stage Dockerfile with the packages of our recipes and the files of our
# configs, and an apt cache for each image, so that none waits for another: its
# five targets are built at once, as `docker buildx bake` would, on the pinned
# buildkitd with its embedded frontend, and pushed as ours are. It starts at
# mmdebstrap's tar, cut down as the slim images of Debian are; its steps are none.
images=(base dnsmasq frontend node server)

# packages IMAGE: what its recipe asks for beyond its parent's.
packages() {
	XDG_CACHE_HOME=$place/cache "$bin/oarbuild" --print --recipe "$1" 2>>"$work/log" |
		sed -n '/^packages:/,/^[a-z]/s/^ *- \(name: \)\?\([a-z0-9][a-z0-9+.-]*\)$/\2/p'
}

stage() {
	local name=$1 parent=$2
	cp -r "$top/configs/$name" "$work/context/$name"
	cat <<-DOCKERFILE

	FROM $parent AS $name
	RUN --mount=type=cache,target=/var/cache/apt,id=$name-archives --mount=type=cache,target=/var/lib/apt,id=$name-lists \\
	    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(packages "$name" | tr '\n' ' ')
	COPY $name/ /
	DOCKERFILE
}

slim() {
	minbase amd64 "$work/context/minbase.tar" --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/locale.alias' \
		--customize-hook='printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"'
}

buildctl() { "$work/buildctl" --addr "unix://$work/buildkit.sock" "$@"; }

# bake: all five targets at once.
bake() {
	local image pids=() p
	for image in "${images[@]}"; do
		buildctl build --progress plain --frontend dockerfile.v0 --opt "target=$image" \
			--local "context=$work/context" --local "dockerfile=$work/context" \
			--output "type=image,name=localhost:$port/reference/$image:latest,push=true,registry.insecure=true,compression=uncompressed" &
		pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p"; done
}

# change FOLDER FILE: makes a file another one, each time.
change() { echo "# $(date +%s%N)" >>"$1/base/$2"; }

# uploaded COMMAND...: its time, then how many blobs it brought to the registry, and their bytes.
uploaded() {
	local time
	touch "$work/mark"
	time=$(clock "$@")
	find "$place/data" -path '*/blobs/*' -name data -newer "$work/mark" -printf '%s\n' |
		awk -v t="$time" '{ n++; s += $1 } END { printf "%s %d blobs, %.0f kB uploaded", t, n, s / 1000 }'
}

five_row() {
	local slim theirs=() cold noop changed note one ours=() again=() needed=() recipes=() i
	mkdir -p "$work/context"
	go build -o "$work/buildctl" github.com/moby/buildkit/cmd/buildctl
	slim=$(clock slim)
	{
		printf 'FROM scratch AS minbase\nADD minbase.tar /\n'
		stage base minbase
		stage server base
		stage frontend base
		stage node base
		stage dnsmasq minbase
	} >"$work/context/Dockerfile"
	start
	cold=$(clock bake)
	noop=$(clock bake)
	change "$work/context" etc/profile.d/oarcluster.sh
	changed=$(clock bake)
	theirs=("$(sum "$slim" "$cold")" "$noop" "$changed")

	cp -r "$top/recipes" "$top/configs" "$work"
	for i in "${images[@]}"; do recipes+=(--recipe "$work/recipes/$i.yaml"); done
	start
	cold=$(clock build "${recipes[@]}")
	row "five images, cold" "$cold" "mmdebstrap $slim s + Dockerfiles, own caches" "${theirs[0]}"
	for ((i = 0; i < RUNS; i++)); do
		one=$(clock build "${recipes[@]}")
		again+=("$one")
		change "$work/configs" etc/profile.d/oarcluster.sh
		note=$(uploaded build "${recipes[@]}")
		ours+=("${note%% *}")
		change "$work/configs" etc/motd
		one=$(clock build "${recipes[@]}")
		needed+=("$one")
	done
	row "five images, nothing changed" "$(median "${again[@]}")" "Dockerfiles, nothing changed" "${theirs[1]}"
	row "five images, a file of base changed" "$(median "${ours[@]}")" "Dockerfiles, that file changed" "${theirs[2]}" "${note#* }"
	row "... a file that steps need" "$(median "${needed[@]}")" "Dockerfiles, a file of base changed" "${theirs[2]}"
}
