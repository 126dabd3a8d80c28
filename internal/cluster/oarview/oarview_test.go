package oarview_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/oarview"
)

// answer is a container in which every command ends so.
type answer struct {
	out  string
	code int
	err  error
}

func (a answer) Exec(_ context.Context, _ string, _ []string, stdout, _ io.Writer) (int, error) {
	io.WriteString(stdout, a.out)
	return a.code, a.err
}

func TestAsk(t *testing.T) {
	t.Parallel()
	got, err := oarview.Ask(t.Context(), answer{out: "OAR 2.6.1 (Liberty hope)\nOAR 7\nOAR \x1b[2J\nnode1|Alive|3 12\nnode2|Absent+Alive|\nnode3|\x1b[2J|\nrubbish\n"}, "x")
	want := oarview.View{Version: "2.6.1", Nodes: map[string]oarview.Node{"node1": {State: "Alive", Jobs: []string{"3", "12"}}, "node2": {State: "Absent+Alive", Jobs: []string{}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestAskTellsWhoDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]answer{
		"Almighty) does not listen":                {code: 3, out: "OAR 2.5.9 (x)\n"},
		"database does not answer (exit status 2)": {code: 2},
		"container is paused":                      {err: errors.New("container is paused")},
	} {
		v, err := oarview.Ask(t.Context(), a, "x")
		if err == nil || !strings.Contains(err.Error(), want) || (v.Version == "2.5.9") != (a.out != "") {
			t.Errorf("got %+v, %v, want %q", v, err, want)
		}
	}
}

// hung never answers.
type hung struct{}

func (hung) Exec(ctx context.Context, _ string, _ []string, _, _ io.Writer) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestAskEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := oarview.Ask(ctx, hung{}, "x"); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("got %v", err)
	}
}

// Root in the cluster may answer without end.
func TestAskReadsNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	v, err := oarview.Ask(t.Context(), answer{out: "node1|Alive|\n" + strings.Repeat("x", 16<<20) + "\nnode2|Alive|\n"}, "x")
	if _, late := v.Nodes["node2"]; err != nil || late || len(v.Nodes) != 1 {
		t.Errorf("got %v, %v", v, err)
	}
}
