//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
)

// packages asks dpkg and apt what is wrong, what was asked for, and what they
// would do if it was asked for again.
const packages = `
dpkg --audit
apt-get -qq check
apt-mark showmanual
for what in "install $(apt-mark showmanual | tr '\n' ' ')" autoremove; do
	apt-get -s $what | grep -E '^(Inst|Conf|Remv|[0-9]+ upgraded)'
done
`

// TestAptAgreesWithEveryImage: to dpkg and apt an image must be what they had
// made themselves: whole, with what the recipe asks for and nothing to add or to
// take away.
func TestAptAgreesWithEveryImage(t *testing.T) {
	for suite, version := range map[string]string{"trixie": "2.6.1", "bookworm": "2.5.9"} {
		must(t, "oarbuild", "--set", "suite="+suite, "--push")
		serveRegistry(t)
		for _, image := range images {
			t.Run(suite+" "+image, func(t *testing.T) {
				asked, err := recipes.Load(os.ReadFile, []string{image}, map[string]string{"suite": suite})
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for _, level := range asked[0].For("linux/amd64").Levels {
					for _, p := range level.Packages {
						want = append(want, p.Name)
					}
				}
				slices.Sort(want)
				nothing := "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded."
				want = append(want, nothing, nothing)
				must(t, "docker", "pull", "-q", registry+image+":"+version)
				got := must(t, "docker", "run", "--rm", "--network", "none", registry+image+":"+version, "bash", "-c", packages)
				if got != strings.Join(want, "\n") {
					t.Errorf("dpkg and apt say\n%s\nwant\n%s", got, strings.Join(want, "\n"))
				}
			})
		}
	}
}

// database brings up PostgreSQL of the server image, alone, has every table and
// index checked (amcheck), and logs in with each documented password and a wrong
// one.
const database = `
set -- /etc/postgresql/*/main
version=$(basename "$(dirname "$1")")
data=/var/lib/postgresql/$version/main
PATH=$PATH:/usr/lib/postgresql/$version/bin
pg_controldata $data | grep -E '^(WARNING|Database cluster state)'
setuser postgres pg_ctl -s -w -D $data -l /tmp/log -o "-c config_file=$1/postgresql.conf" start || cat /tmp/log
setuser postgres pg_amcheck --all --install-missing --heapallindexed --parent-check && echo checked
as() { PGPASSWORD=$2 psql -h 127.0.0.1 -U "$1" oar -Atc "SELECT current_user FROM schema" 2>&1 | grep -oE '^oar.*|authentication failed'; }
as oar oar
as oar_ro oar_ro
as oar_ro wrong
`

// TestTheBakedDatabaseIsSound: what the build made of the database's files must
// be a database to PostgreSQL.
func TestTheBakedDatabaseIsSound(t *testing.T) {
	must(t, "oarbuild", "--recipe", "server", "--push")
	serveRegistry(t)
	must(t, "docker", "pull", "-q", registry+"server:2.6.1")
	got := must(t, "docker", "run", "--rm", "--network", "none", registry+"server:2.6.1", "bash", "-c", database)
	want := "Database cluster state:               shut down\nchecked\noar\noar_ro\nauthentication failed"
	if strings.TrimSpace(got) != want {
		t.Errorf("the database says\n%s\nwant\n%s", got, want)
	}
}
