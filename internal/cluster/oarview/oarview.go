// Package oarview asks a cluster's OAR which it is and how it sees the nodes.
//
// # Policy
//
// OAR answers when its server (Almighty) takes a connection and its database a
// query; anything else is an error that says which does not. One call, bounded in
// time: a host may be paused. Root in the cluster can write what comes back, so it
// is taken apart here and nothing of it is passed on as text.
package oarview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster/bounded"
)

// View is what an OAR says of itself and the nodes.
type View struct {
	Version string          // as "2.6.1"; "" when it does not tell
	Nodes   map[string]Node // by hostname
}

// Node is a node as OAR sees it.
type Node struct {
	State string   // Alive, Absent or Suspected; with a + between when its cores differ
	Jobs  []string // numbers of the jobs that have it now
}

// Execer runs argv as root in a container and returns its exit code.
type Execer interface {
	Exec(ctx context.Context, id string, argv []string, stdout, stderr io.Writer) (int, error)
}

// patience is how long OAR may take to answer.
const patience = 5 * time.Second

// maxAnswer is more than all nodes that a cluster can have, each with many jobs.
const maxAnswer = 16 << 20

// What is Dead is history: a node that left.
const query = `SELECT r.network_address, string_agg(DISTINCT r.state, '+'), string_agg(DISTINCT j.job_id::text, ' ')
FROM resources r
LEFT JOIN assigned_resources a ON a.resource_id = r.resource_id AND a.assigned_resource_index = 'CURRENT'
LEFT JOIN jobs j ON j.assigned_moldable_job = a.moldable_job_id AND j.state NOT IN ('Waiting', 'Hold', 'Error', 'Terminated')
WHERE r.type = 'default' AND r.state <> 'Dead' GROUP BY 1`

// script tells the version, and exits with 3 when Almighty does not listen.
const script = `perl -MOAR::Version -e 'print "OAR ", OAR::Version::get_version(), "\n"'
: 2>/dev/null </dev/tcp/localhost/6666 || exit 3; exec setuser postgres psql -qAt -F '|' oar -c "$1"`

var (
	version = regexp.MustCompile(`^OAR ([0-9][0-9A-Za-z.+~-]*)( |$)`)
	row     = regexp.MustCompile(`^([a-z0-9-]+)\|([A-Za-z+]+)\|([0-9 ]*)$`)
)

// Ask asks the OAR of the server whose container is given. Of one that does not answer
// the view has the version, should that be known.
func Ask(ctx context.Context, e Execer, server string) (View, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out := bounded.Buffer{Max: maxAnswer}
	code, err := e.Exec(ctx, server, []string{"bash", "-c", script, "ask", query}, &out, io.Discard)
	if ctx.Err() != nil {
		return View{}, fmt.Errorf("asking OAR: no answer within %s", patience)
	}
	v := read(out.String())
	switch {
	case err != nil:
		return v, fmt.Errorf("asking OAR: %w", err)
	case code == 3:
		return v, errors.New("asking OAR: its server (Almighty) does not listen")
	case code != 0:
		return v, fmt.Errorf("asking OAR: its database does not answer (exit status %d)", code)
	}
	return v, nil
}

// read takes the script's answer apart.
func read(answer string) View {
	v := View{Nodes: map[string]Node{}}
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		if m := row.FindStringSubmatch(line); m != nil {
			v.Nodes[m[1]] = Node{State: m[2], Jobs: strings.Fields(m[3])}
		} else if m := version.FindStringSubmatch(line); m != nil && v.Version == "" {
			v.Version = m[1]
		}
	}
	return v
}
