package ui

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
	if Version() == "" {
		t.Error("the test has no version")
	}
}
