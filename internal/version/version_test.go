package version

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	revision := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0a1b"}}
	for _, tc := range []struct{ version, want string }{
		{"v1.2.3", "v1.2.3"},
		{"(devel)", "(devel) 0a1b"},
	} {
		if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: tc.version}, Settings: revision}); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
	if String() == "" {
		t.Error("the test has no version")
	}
}

func TestRevision(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ modified, want string }{{"false", "0a1b"}, {"true", ""}} {
		settings := []debug.BuildSetting{{Key: "vcs.revision", Value: "0a1b"}, {Key: "vcs.modified", Value: tc.modified}}
		if got := revisionOf(&debug.BuildInfo{Settings: settings}); got != tc.want {
			t.Errorf("modified %s: got %q, want %q", tc.modified, got, tc.want)
		}
	}
	if got := Revision(); got != "" {
		t.Errorf("a test binary is of revision %q", got)
	}
}
