package ready

import (
	"slices"
	"strings"
	"testing"
)

func TestMarkWriterReadsWholeLines(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		writes  []string
		missing []string
	}{
		{"nothing", nil, []string{"server ready", "node1 alive", "node2 alive"}},
		{"one write", []string{"x\noarcluster: server ready\noarcluster: node1 alive\noarcluster: node2 alive\n"}, nil},
		{"cut in the middle", []string{"oarcluster: serv", "er ready\noarcluster: node1", " alive\n"}, []string{"node2 alive"}},
		{"a line that is not done", []string{"oarcluster: server ready"}, []string{"server ready", "node1 alive", "node2 alive"}},
		{"carriage returns", []string{"oarcluster: server ready\r\n"}, []string{"node1 alive", "node2 alive"}},
		{"not at the beginning", []string{"echo oarcluster: server ready\n"}, []string{"server ready", "node1 alive", "node2 alive"}},
		{"other marks", []string{"oarcluster: node3 alive\n"}, []string{"server ready", "node1 alive", "node2 alive"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			complete := false
			w := &markWriter{open: map[string]bool{"server ready": true, "node1 alive": true, "node2 alive": true}, note: func(string) {}, complete: func() { complete = true }}
			for _, text := range tc.writes {
				if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
					t.Fatal(n, err)
				}
			}
			if got := w.missing(); !slices.Equal(got, tc.missing) || complete != (len(tc.missing) == 0) {
				t.Errorf("missing %q, complete %t, want %q", got, complete, tc.missing)
			}
		})
	}
}

func FuzzReadStates(f *testing.F) {
	f.Add(`{"items":[{"network_address":"node1","state":"Alive"}]}`)
	f.Add(`{"items":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		states, err := readStates(strings.NewReader(text))
		if err != nil {
			return
		}
		for node, counts := range states {
			if len(counts) == 0 {
				t.Errorf("node %q without a state", node)
			}
		}
	})
}

func TestMarkWriterKeepsNoLineWithoutEnd(t *testing.T) {
	t.Parallel()
	w := &markWriter{open: map[string]bool{"server ready": true}, note: func(string) {}, complete: func() {}}
	for range 100 {
		w.Write([]byte(strings.Repeat("x", maxLine)))
	}
	if len(w.line) > maxLine {
		t.Errorf("it holds %d bytes", len(w.line))
	}
	w.Write([]byte("\noarcluster: server ready\n"))
	if missing := w.missing(); len(missing) > 0 {
		t.Errorf("missing %q", missing)
	}
}
