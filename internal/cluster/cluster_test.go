package cluster_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// spec is a cluster of two nodes that a test changes.
func spec(change func(*cluster.Spec)) cluster.Spec {
	s := cluster.Spec{
		Name: cluster.DefaultName, Groups: []cluster.Group{{Name: "node", Nodes: 2, Cores: 1}}, Registry: "localhost:5000/oarcluster", Tag: "2.6.1",
		Bind: netip.MustParseAddr("127.0.0.1"), Default: cluster.Volume{Host: "/home/u/shared_data", Container: "/data"},
	}
	if change != nil {
		change(&s)
	}
	return s
}

// empty is an engine without anything, on a host with the ports given taken.
func empty(taken ...string) cluster.Observed {
	return cluster.Observed{Holder: func(at netip.AddrPort) string {
		for _, t := range taken {
			if t == at.String() {
				return "another program"
			}
		}
		return ""
	}}
}

func TestSpecValidate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*cluster.Spec)
		want   []string // parts of the error; none: valid
	}{
		{"as it is", nil, nil},
		{"no node", func(s *cluster.Spec) { s.Groups[0].Nodes = 0 }, []string{"number of nodes 0"}},
		{"negative nodes", func(s *cluster.Spec) { s.Groups[0].Nodes = -1 }, []string{"number of nodes -1"}},
		{"more than the largest network holds", func(s *cluster.Spec) { s.Groups[0].Nodes = 1013 }, []string{"1 to 1012"}},
		{"more cores than OAR can be told of", func(s *cluster.Spec) { s.Groups[0].Nodes, s.Groups[0].Cores = 65, 1024 }, []string{"of all nodes 66560: want at most 65536"}},
		{"as many cores as it can", func(s *cluster.Spec) { s.Groups[0].Nodes, s.Groups[0].Cores = 64, 1024 }, nil},
		{"no core", func(s *cluster.Spec) { s.Groups[0].Cores = 0 }, []string{"number of cores 0"}},
		{"name with a slash", func(s *cluster.Spec) { s.Name = "../x" }, []string{`name "../x"`}},
		{"name of a network of the engine's", func(s *cluster.Spec) { s.Name = "host" }, []string{`name "host": the cluster's network`}},
		{"name that ends in a dash", func(s *cluster.Spec) { s.Name = "x-" }, []string{`name "x-"`}},
		{"a registry in capitals", func(s *cluster.Spec) { s.Registry = "Foo" }, []string{`registry "Foo"`}},
		{"a path in capitals", func(s *cluster.Spec) { s.Registry = "localhost:5000/Foo" }, []string{`registry "localhost:5000/Foo"`}},
		{"a registry with a scheme", func(s *cluster.Spec) { s.Registry = "https://example.org/oar" }, []string{`registry "https:`}},
		{"a registry with a slash too many", func(s *cluster.Spec) { s.Registry = "localhost:5000/oar/" }, []string{`registry "localhost:5000/oar/"`}},
		{"no registry", func(s *cluster.Spec) { s.Registry = "" }, []string{`registry ""`}},
		{"a registry without a path", func(s *cluster.Spec) { s.Registry = "example.org:443" }, nil},
		{"a path without a registry", func(s *cluster.Spec) { s.Registry = "me/oar__cluster-2" }, nil},
		{"a tag with a colon", func(s *cluster.Spec) { s.Tag = "a:b" }, []string{`tag "a:b"`}},
		{"a tag with a slash", func(s *cluster.Spec) { s.Tag = "a/b" }, []string{`tag "a/b"`}},
		{"a digest for a tag", func(s *cluster.Spec) { s.Tag = "1@sha256:0" }, []string{`tag "1@sha256:0"`}},
		{"no tag", func(s *cluster.Spec) { s.Tag = "" }, []string{`tag ""`}},
		{"a tag in capitals", func(s *cluster.Spec) { s.Tag = "V2.6_rc-1" }, nil},
		{"a mount point twice", func(s *cluster.Spec) {
			s.Volumes = []cluster.Volume{{Host: "/a", Container: "/d"}, {Host: "/b", Container: "/d"}}
		}, []string{`"/d" is mounted twice`}},
		{"all mistakes at once", func(s *cluster.Spec) { s.Name, s.Groups[0].Nodes, s.Groups[0].Cores = "", 0, 0 }, []string{"name", "nodes", "cores"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := spec(tc.change).Validate()
			if (err == nil) != (tc.want == nil) {
				t.Fatalf("got %v", err)
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want %q in it", err, part)
				}
			}
		})
	}
}

func TestParseVolume(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want, err string }{
		{"/a:/b", "/a:/b", ""},
		{"/a:/b:rw", "/a:/b", ""},
		{"/a/../c:/b/:ro", "/c:/b:ro", ""},
		{"src:/b", "/cwd/src:/b", ""},
		{"./src:/b", "/cwd/src:/b", ""},
		{"/a", "", "want HOST:CONTAINER"},
		{":/b", "", "want HOST:CONTAINER"},
		{"", "", "want HOST:CONTAINER"},
		{"/a:/b:ro:x", "", "want HOST:CONTAINER"},
		{"/a:b", "", "not absolute"},
		{"/a:/", "", "the root"},
		{"/a:/b:cow", "", `unknown mode "cow"`},
	} {
		v, err := cluster.ParseVolume(tc.text, "/cwd")
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%q: got error %v, want %q in it", tc.text, err, tc.err)
			}
			continue
		}
		if err != nil || v.String() != tc.want {
			t.Errorf("%q: got %q, %v, want %q", tc.text, v, err, tc.want)
		}
	}
}

func FuzzParseVolume(f *testing.F) {
	for _, seed := range []string{"/a:/b", "a:/b:ro", "::", "/a:/b/../c:rw", "/a:/b:ro:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := cluster.ParseVolume(text, "/cwd")
		if err != nil {
			return
		}
		again, err := cluster.ParseVolume(v.String(), "/elsewhere")
		if err != nil || again != v {
			t.Errorf("%q gives %q, which gives %q, %v", text, v, again, err)
		}
	})
}
