# What a newcomer types. Every target brings what it needs.
.DEFAULT_GOAL := help
.PHONY: help build setup demo test unit e2e crash lint bench reproduce record picture man rebuild keep-locks stale clean

BIN := bin/oarbuild bin/oardeploy bin/buildkitd
GO_FILES := $(shell find cmd internal llb recipes keys configs -type f 2>/dev/null)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(BIN) ## compile oarbuild, oardeploy and the pinned buildkitd into bin/

bin/oarbuild bin/oardeploy: bin/%: go.mod go.sum $(GO_FILES)
	CGO_ENABLED=0 go build -o $@ ./cmd/$*

# BuildKit takes its version from the linker.
bin/buildkitd: go.mod go.sum
	CGO_ENABLED=0 go build -o $@ -ldflags "-X github.com/moby/buildkit/version.Version=$$(go list -m -f '{{.Version}}' github.com/moby/buildkit)" github.com/moby/buildkit/cmd/buildkitd

setup: ## install what is missing: Docker Engine, runc, an ssh client
	@sh e2e/setup.sh

demo: setup build ## build the images, deploy two nodes, run a job on both
	@sh e2e/demo.sh

test: setup build lint unit e2e ## run everything, unit to end-to-end, on the real things

unit: ## run the tests that need no network, daemon or Engine
	go test -shuffle=on ./...
	CGO_ENABLED=1 go test -race ./cmd/oardeploy ./internal/debian/layer ./internal/cluster/... ./internal/registry ./internal/oci

# The scenarios first: they bring the images that tests of the Engine use.
e2e: setup build ## run the tests of the real things
	@sh e2e/setup.sh test
	go test -count=1 -timeout 2h -tags e2e ./e2e/...
	go test -count=1 -timeout 2h -tags e2e -p 1 ./internal/...

crash: setup build ## end oardeploy at each of its calls of the Engine, and deploy again after each
	go test -count=1 -timeout 2h -tags e2e -v -run TestACrash ./e2e -args -thorough

# All that is published, twice, from nothing: half an hour and more, for a foreign
# platform's scripts are emulated. SUITES=trixie,bookworm and MATRIX="PLATFORMS=IMAGES …" narrow it.
SUITES ?= trixie
MATRIX ?= linux/amd64,linux/arm64=base,dnsmasq,frontend,node,server
reproduce: setup build ## build every image twice, elsewhere the second time, and compare the digests
	@sh e2e/setup.sh test
	go test -count=1 -timeout 5h -tags e2e -v -run TestTwoColdBuilds ./e2e -args -suites '$(SUITES)' -matrix '$(MATRIX)'

lint: ## gofmt, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "run: gofmt -w ." >&2; exit 1; }
	go vet -tags e2e ./...
	go tool staticcheck -tags e2e ./...

bench: setup build ## measure against mmdebstrap, Dockerfiles and plain docker run, in one run (ROWS=... for some)
	@sh e2e/setup.sh bench
	@bash e2e/bench.sh

rebuild: build ## what runs every night: lock, and build, test and push what has changed
	@sh e2e/setup.sh rebuild
	@sh e2e/rebuild.sh

keep-locks: build ## commit and push the locks that a rebuild wrote
	@sh e2e/keep-locks.sh

stale: ## fail when no night has renewed the locks for a long time
	@sh e2e/stale.sh

record: setup build ## record the terminal of the README, in real time: nothing else should run
	bin/oarbuild --push >/dev/null
	go run ./e2e/record cast docs/oardeploy.cast
	@$(MAKE) picture

picture: ## draw the recording of the README again
	go run ./e2e/record svg docs/oardeploy.cast >docs/oardeploy.svg

man: build ## write the manual pages into bin/man, and completion for bash, zsh and fish
	@bin/oarbuild man bin/man >/dev/null && bin/oardeploy man bin/man >/dev/null
	@mkdir -p bin/completion
	@for p in oarbuild oardeploy; do for s in bash zsh fish; do bin/$$p completion $$s >bin/completion/$$p.$$s || exit 1; done; done

clean: ## remove what was built and the daemon that was started; the caches stay
	-@test ! -x bin/oarbuild || bin/oarbuild daemon stop
	rm -rf bin
