//go:build e2e

package images_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// TestARegistryThatAsksForAPassword: the real engine pulls with what `docker login`
// left in the configuration, or a credential helper; without it the error says what
// to do.
func TestARegistryThatAsksForAPassword(t *testing.T) {
	guarded, dir := registrytest.Guarded(t), t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	helper := "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get " + guarded.Host + "' ] && echo '{\"Username\": \"me\", \"Secret\": \"secret\"}'\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-oartest"), []byte(helper), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i, tc := range []struct {
		name, config string
		good         bool
	}{
		{"nobody", `{}`, false},
		{"a wrong password", guarded.Login("wrong"), false},
		{"a good password", guarded.Login("secret"), true},
		{"a helper", fmt.Sprintf(`{"credHelpers": {%q: "oartest"}}`, guarded.Host), true},
	} {
		repository := fmt.Sprintf("%s/oarcluster-test/guarded%d", guarded.Host, i)
		registrytest.Configure(t, guarded.Login("secret"))
		registrytest.Push(t, repository, "amd64", "1")
		registrytest.Configure(t, tc.config)
		ids, err := images.Ensure(t.Context(), d, []string{repository + ":1"}, func(string) {}, nil)
		switch {
		case tc.good && (err != nil || ids[repository+":1"] == ""):
			t.Errorf("%s: got %v, %v", tc.name, ids, err)
		case !tc.good:
			var told strings.Builder
			ui.Report(ui.Streams{Err: &told}, "x", err)
			if text := told.String(); !strings.Contains(text, "asking the registry for") || !strings.Contains(text, "docker login") {
				t.Errorf("%s: got %v and told %s", tc.name, ids, text)
			}
		}
		t.Cleanup(func() { exec.Command("docker", "rmi", repository+":1").Run() })
	}
}

// TestAnotherArchitecture is said before anything is pulled, and of an image that
// is there already.
func TestAnotherArchitecture(t *testing.T) {
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	repository := registrytest.New(t).Host + "/oarcluster-test/foreign"
	registrytest.Push(t, repository, "riscv64", "1")
	ref := repository + ":1"
	t.Cleanup(func() { exec.Command("docker", "rmi", ref).Run() })
	for _, what := range []string{"published", "there"} {
		pulls := 0
		_, err = images.Ensure(t.Context(), d, []string{ref}, func(string) { pulls++ }, nil)
		if err == nil || pulls > 0 || !strings.Contains(err.Error(), "it is for riscv64, and the engine's machine is") {
			t.Errorf("%s: got %v after %d pulls", what, err, pulls)
		}
		if out, err := exec.Command("docker", "pull", "-q", "--platform", "linux/riscv64", ref).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}
