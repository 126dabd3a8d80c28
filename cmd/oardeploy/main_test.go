package main

import (
	"cmp"
	"context"
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // most of the tests wait, for a process or for a time
	testscript.Main(m, map[string]func(){
		"oardeploy": func() { os.Exit(rehearse()) },
		// What ssh runs on an engine's machine.
		"dial-stdio": func() { splice(os.Getenv("OARDEPLOY_TEST_SOCKET"), os.Stdin, os.Stdout) },
	})
}

// rehearse is run with other defaults where the environment asks for them: for tests
// that must not meet the clusters, ports and registry of this machine.
func rehearse() int {
	base = cmp.Or(os.Getenv("OARDEPLOY_TEST_BASE"), base)
	address := os.Getenv("OARDEPLOY_TEST_ADDRESS")
	if address == "" {
		return run()
	}
	s := ui.Std()
	return ui.Main("oardeploy", s, func(ctx context.Context) error {
		root := completing(newRoot(s))
		for _, cmd := range append(root.Commands(), root) {
			for name, value := range map[string]string{"bind": address, "registry": address + ":5000/oarcluster"} {
				if f := cmd.Flags().Lookup(name); f != nil {
					if err := f.Value.Set(value); err != nil {
						return err
					}
				}
			}
		}
		return root.ExecuteContext(ctx)
	})
}

// TestScripts runs testdata/*.txt: command lines with what they print and how they
// end, without an engine.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("DOCKER_HOST", "unix:///does/not/exist.sock")
		return nil
	}})
}
