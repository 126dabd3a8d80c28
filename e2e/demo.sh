#!/bin/sh
# demo.sh: from the Debian archive to the output of an OAR job that ran on two nodes.
set -eu
say() { printf '\n==> %s\n' "$1" >&2; }
front() { bin/oardeploy ssh frontend -- "$@"; }

say "building the images from the Debian archive"
# shellcheck disable=SC2086 # flags are words
bin/oarbuild --push ${BUILD_FLAGS:-}

say "deploying a cluster of two nodes"
bin/oardeploy -n 2

say "submitting a job on both nodes"
job=$(front "cd /data && oarsub -l /nodes=2,walltime=0:01:00 'for node in \$(uniq \$OAR_NODEFILE); do oarsh \$node hostname; done'" |
	sed -n 's/^OAR_JOB_ID=//p')
[ -n "$job" ] || { echo "demo: oarsub gave no job; look into: bin/oardeploy logs" >&2; exit 1; }
front "timeout 120 sh -c 'until oarstat -s -j $job | grep -E \"Terminated|Error\"; do sleep 0.2; done'"

say "the output of job $job"
front "cat /data/OAR.$job.stdout"
front "cat /data/OAR.$job.stderr" >&2
test "$(front "sort /data/OAR.$job.stdout" | tr '\n' ' ')" = "node1 node2 "

say "yours to use: bin/oardeploy ssh frontend; away with it: bin/oardeploy clean"
