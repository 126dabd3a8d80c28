//go:build e2e

package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// serveRegistry keeps the embedded registry up for the length of a test, where none is up.
func serveRegistry(t *testing.T) {
	t.Helper()
	if registryAnswers() {
		return
	}
	cmd := exec.Command(program(t, "oarbuild"), "registry", "serve")
	cmd.Stderr = t.Output() // whoever waits for the command waits until all of it is written
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "130") {
			t.Errorf("ending the registry: %v", err)
		}
	})
	eventually(t, func() string {
		if registryAnswers() {
			return ""
		}
		return "the registry does not answer on localhost:5000"
	})
}

func registryAnswers() bool {
	answer, err := http.Get("http://localhost:5000/v2/")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
