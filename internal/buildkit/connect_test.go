package buildkit

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestOlder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version, than string
		want          bool
	}{
		{"v0.31.1", "v0.31.2", true},
		{"v0.31.2", "v0.31.2", false},
		{"v0.31.10", "v0.31.2", false},
		{"v0.30.9", "v0.31.2", true},
		{"v1.0.0", "v0.31.2", false},
		{"v0.31.2-rc1", "v0.31.2", false},
		{"v0.0.0+unknown", "v0.31.2", false},
		{"", "v0.31.2", false},
		{"deadbeef", "v0.31.2", false},
	} {
		if got := older(tc.version, tc.than); got != tc.want {
			t.Errorf("older(%q, %q) is %v", tc.version, tc.than, got)
		}
	}
}

func TestConnectSaysWhatItTried(t *testing.T) {
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	for _, tc := range []struct{ name, flag, env, want string }{
		{"a flag without a scheme", "localhost:1234", "", `localhost:1234 (--builder)`},
		{"nobody at the flag's address", nobody, "tcp://ignored:1", nobody + " (--builder)"},
		{"nobody at the environment's address", "", nobody, nobody + " (BUILDKIT_HOST)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("BUILDKIT_HOST", tc.env)
			_, err := Connect(t.Context(), tc.flag, &Daemon{Dir: t.TempDir()},
				func(string) { t.Error("said that it found one") }, func(line string) { t.Errorf("warned of %s", line) })
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}
