package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"oardeploy": func() { os.Exit(run()) }})
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
