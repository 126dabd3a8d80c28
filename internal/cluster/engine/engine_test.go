package engine_test

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
)

func TestDialTellsWhatToDo(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///does/not/exist.sock")
	if _, err := engine.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "looking for a Docker Engine") {
		t.Errorf("got %v", err)
	}
	t.Setenv("DOCKER_HOST", "nonsense")
	if _, err := engine.Dial(t.Context()); err == nil {
		t.Error("dialled nonsense")
	}
}

func TestDialRefusesOtherMachines(t *testing.T) {
	for _, host := range []string{"tcp://192.0.2.1:2375", "tcp://localhost:2375", "ssh://somebody@192.0.2.1"} {
		t.Setenv("DOCKER_HOST", host)
		if _, err := engine.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "is not a socket of this machine") {
			t.Errorf("%s: got %v", host, err)
		}
	}
}
