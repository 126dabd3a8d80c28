package registry

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// TestPublishingWithAPassword takes it from Docker's configuration, and says so
// when it is not good.
func TestPublishingWithAPassword(t *testing.T) {
	guarded := registrytest.Guarded(t)
	registrytest.Configure(t, guarded.Login("secret"))
	m := push(t, guarded.Host+"/oar/x", "amd64")
	m.Statements = []Statement{statement}
	for password, good := range map[string]bool{"wrong": false, "secret": true} {
		registrytest.Configure(t, guarded.Login(password))
		_, err := Publish(t.Context(), guarded.Host+"/oar/x", []string{"t"}, []Manifest{m}, nil)
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "UNAUTHORIZED") && !strings.Contains(err.Error(), "401") {
			t.Errorf("with password %s: %v", password, err)
		}
	}
}
