//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

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
