package bounded_test

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/bounded"
)

func TestBufferKeepsTheBeginning(t *testing.T) {
	t.Parallel()
	b := bounded.Buffer{Max: 5}
	for _, text := range []string{"abc", "", "defgh", strings.Repeat("x", 100)} {
		if n, err := b.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("writing %q: %d, %v", text, n, err)
		}
	}
	if got := b.String(); got != "abcde" {
		t.Errorf("got %q", got)
	}
}
