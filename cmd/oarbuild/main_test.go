package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){program: func() { os.Exit(run()) }})
}

// TestScripts runs what a user would type. No script needs the network, root
// or a daemon; $MIRROR is a mirror whose files nobody signed, and $NOBODY a
// mirror that does not answer.
func TestScripts(t *testing.T) {
	t.Parallel()
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("Origin: Debian\nSuite: stable\nCodename: trixie\n"))
	}))
	t.Cleanup(mirror.Close)
	nobody := httptest.NewServer(nil)
	nobody.Close()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("MIRROR", mirror.URL)
			e.Setenv("NOBODY", nobody.URL)
			e.Setenv("XDG_CACHE_HOME", e.WorkDir+"/cache")
			e.Setenv("XDG_DATA_HOME", e.WorkDir+"/data")
			e.Setenv("OARBUILD_DAEMON_DIR", e.WorkDir+"/daemon")
			return nil
		},
	})
}
