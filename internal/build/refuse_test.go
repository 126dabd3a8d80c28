package build

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/recipes"
)

// What the language has and the builder has not is refused, not left out.
func TestNothingIsIgnored(t *testing.T) {
	t.Parallel()
	if err := refuse(&recipes.Resolved{Base: "x@sha256:00"}); err == nil || !strings.Contains(err.Error(), "image") {
		t.Errorf("got %v", err)
	}
	if err := refuse(shipped(t, "node")); err != nil {
		t.Error(err)
	}
}
