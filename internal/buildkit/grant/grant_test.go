package grant

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
)

// agentSocket listens as an agent does.
func agentSocket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return socket
}

func TestParse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TOKEN", "s3cret")
	t.Setenv("SSH_AUTH_SOCK", "")
	socket := agentSocket(t)
	for _, tc := range []struct {
		secrets, agents []string
		attached        int
		want            string
	}{
		{nil, nil, 0, ""},
		{[]string{"id=a,src=" + file, "id=b,env=TOKEN,type=env", "source=" + file + ",id=c"}, nil, 1, ""},
		{nil, []string{"default=" + socket}, 1, ""},
		{[]string{"id=a,env=TOKEN"}, []string{"default=" + socket}, 2, ""},
		{[]string{"src=" + file}, nil, 0, "id is missing"},
		{[]string{"id=a"}, nil, 0, "give one of src and env"},
		{[]string{"id=a,src=x,env=y"}, nil, 0, "give one of src and env"},
		{[]string{"id=a,scr=x"}, nil, 0, `unknown key "scr"`},
		{[]string{`id=a,src="x`}, nil, 0, "parse error"},
		{[]string{"id=a,env=NOT_SET_AT_ALL"}, nil, 0, "the environment has no variable NOT_SET_AT_ALL"},
		{[]string{"id=a,src=/no/such/file"}, nil, 0, "reading the secrets: failed to stat /no/such/file"},
		{nil, []string{"default"}, 0, "SSH_AUTH_SOCK is not set"},
		{nil, []string{"github=" + socket}, 0, `steps know one agent, "default"`},
		{nil, []string{"default=/no/such/socket"}, 0, "reading the ssh agent"},
	} {
		g, err := Parse(tc.secrets, tc.agents)
		if tc.want != "" {
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q %q: got %v, want %s", tc.secrets, tc.agents, err, tc.want)
			}
			continue
		}
		if all, err2 := g.Attachables(); err != nil || err2 != nil || len(all) != tc.attached {
			t.Errorf("%q %q: got %d for the session, %v, %v", tc.secrets, tc.agents, len(all), err, err2)
		}
	}
	t.Setenv("SSH_AUTH_SOCK", socket)
	if g, err := Parse(nil, []string{"default"}); err != nil || g.agent != socket {
		t.Errorf("the agent of the environment: %v, %v", g, err)
	}
}

func TestCheckNamesLineAndFlag(t *testing.T) {
	t.Setenv("TOKEN", "s3cret")
	const text = `name: x
from: {debian: trixie}
run:
  - {name: plain, sh: "true"}
  - {name: fetch, sh: "true", network: host, secrets: [token, other]}
  - {name: clone, sh: "true", network: host, ssh: true}
`
	list, err := recipes.Load(func(string) ([]byte, error) { return []byte(text), nil }, []string{"x.yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, err := Parse([]string{"id=token,env=TOKEN"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `x.yaml:5:5: step "fetch" asks for the secret "other", which was not given
x.yaml:6:5: step "clone" asks for an ssh agent, which was not given`
	if err := g.Check(list[0]); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	g.agent = "socket"
	list[0].Levels[1].Run[1].Secrets = []string{"token"}
	if err := g.Check(list[0]); err != nil {
		t.Error(err)
	}
}
