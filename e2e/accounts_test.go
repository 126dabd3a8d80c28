//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// group asks for a user of the name of a group of the image, twice: the second time
// what the first one made goes before.
const group = `
mkdir /tmp/wanted
grep ^staff: /etc/group
printf 'staff 2001\nann 2002\n' >/tmp/wanted/users
for i in 1 2; do /usr/lib/oarcluster/settings /tmp/wanted 2>/dev/null; done
grep -E '^(staff|ann):' /etc/group /etc/passwd
`

// own puts a key of the user's own into docker's home, between two starts with two
// clusters' keys: the cluster's key is replaced, the user's stays. Then the homes are
// read-only.
const own = `
mkdir -p /etc/oarcluster/ssh
start() {
	echo "private $1" >/etc/oarcluster/ssh/id_ed25519
	echo "ssh-ed25519 $1 docker@oarcluster" >/etc/oarcluster/ssh/id_ed25519.pub
	sh -eu /etc/my_init.d/20-homes
	cat /home/docker/.ssh/id_ed25519
}
start one
start two
echo private mine >/home/docker/.ssh/id_ed25519
echo ssh-ed25519 mine docker@frontend >/home/docker/.ssh/id_ed25519.pub
start three
sed 's/! -w/-w/' /etc/my_init.d/20-homes | sh -eu
`

// lostJobs leaves files whose names are no numbers of jobs where OAR leaves some.
const lostJobs = `
cd /var/lib/oar
touch pid_of_oarexec_for_jobId_7 'pid_of_oarexec_for_jobId_8;reboot' 'lost_job_$(reboot)' lost_job_9 lost_job_
printf '#!/bin/sh\necho "$*" | sed "s/.* lost //" >/tmp/told\n' >/usr/local/bin/ssh
chmod +x /usr/local/bin/ssh
sh -eu /etc/my_init.d/20-lost-jobs
for i in $(seq 1200); do [ -e lost_job_9 ] || break; sleep 0.05; done
cat /tmp/told
ls | grep -E '^(lost|pid)_'
`

// saved and ends show whether root is among the ids of the API's service and of the
// program that ends jobs, the saved ones too: a process may go back to these.
const saved = `
/usr/lib/oarcluster/oarapi &
for i in $(seq 1200); do grep -q '^Uid:.0' /proc/$!/status || break; sleep 0.05; done
awk '/^[UG]id:/ { for (i = 2; i <= 5; i++) print $i ? "other" : "root" }' /proc/$!/status | sort -u
`

const ends = `
perl -e 'END { $? = 0; open my $status, "<", "/proc/self/status"; print grep /^[UG]id:/, <$status> }
	@ARGV = qw(lost 0); do "/usr/lib/oarcluster/oar-end-jobs"' |
	awk '{ for (i = 2; i <= 5; i++) print $i ? "other" : "root" }' | sort -u
`

// TestWhatImagesDoWithAccounts runs what makes accounts, homes and identities in the
// images, alone.
func TestWhatImagesDoWithAccounts(t *testing.T) {
	must(t, "oarbuild", "--push")
	serveRegistry(t)
	for _, tc := range []struct{ name, image, script, want string }{
		{"a group of the image stays", "server", group, "staff:x:50:\n/etc/group:staff:x:50:\n/etc/group:ann:x:2002:\n/etc/passwd:ann:x:2002:2002:made by oardeploy:/home/ann:/bin/bash"},
		{"a key of the user's stays", "frontend", own, "private one\nprivate two\nhomes: leaving the key in /home/docker/.ssh, which is not the cluster's\nprivate mine\nhomes: /home is read-only: leaving it as it is"},
		{"only numbers are jobs", "node", lostJobs, "7 9\nlost_job_\nlost_job_$(reboot)\npid_of_oarexec_for_jobId_8;reboot"},
		{"the API becomes root no more", "frontend", saved, "other"},
		{"what ends jobs becomes root no more", "server", ends, "other"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			must(t, "docker", "pull", "-q", registry+tc.image+":2.6.1")
			got := must(t, "docker", "run", "--rm", "--network", "none", registry+tc.image+":2.6.1", "bash", "-c", tc.script)
			if strings.TrimSpace(got) != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}
