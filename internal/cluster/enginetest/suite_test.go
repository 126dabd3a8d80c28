package enginetest_test

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
)

func TestFakePassesTheSuite(t *testing.T) {
	t.Parallel()
	enginetest.Suite(t, enginetest.New("r", "1"), "r", "1")
}

func TestFakeKeepsTheEndOfALog(t *testing.T) {
	t.Parallel()
	fake := enginetest.New("r", "1")
	fake.AddForeign("x")
	var text strings.Builder
	if err := fake.Logs(t.Context(), "x", 5, false, &text, &text); err != nil || text.Len() != 0 {
		t.Errorf("got %q, %v", text.String(), err)
	}
}
