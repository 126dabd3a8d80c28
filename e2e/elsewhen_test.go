//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/keys"
)

// offset is how far ahead the clock of the steps goes elsewhere.
const offset = "+397d"

// TestMain makes of the test program, when it is called by the name runc, an OCI
// runtime whose containers live in the future.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "runc" {
		fmt.Fprintln(os.Stderr, "elsewhen:", runElsewhen(os.Args))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// elsewhen puts that runtime, and libfaketime for both architectures, into dir.
func elsewhen(t *testing.T, dir, suite string) string {
	t.Helper()
	source, ok := mirror.FromMachine(t.Context())
	if !ok {
		source = mirror.At(mirror.Default)
	}
	source.Suite, source.Keyring, source.Cache = suite, keys.DebianArchive(), t.TempDir()
	archive, err := mirror.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		groups, err := archive.Resolve(t.Context(), arch, debian.Request{Groups: [][]string{{"libfaketime"}}})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(groups[0], func(p debian.Package) bool { return p.Name == "libfaketime" })
		if err := archive.Fetch(t.Context(), groups[0][i:i+1]); err != nil {
			t.Fatal(err)
		}
		must(t, "dpkg-deb", "-x", archive.Deb(groups[0][i]), filepath.Join(dir, "faketime"))
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runtime := filepath.Join(dir, "runc")
	if err := os.Symlink(self, runtime); err != nil {
		t.Fatal(err)
	}
	return runtime
}

// runElsewhen gives a container that is to be run (runc(8), --bundle) another
// clock, and hands over to the real runc. The mount goes below /dev, which is a
// tmpfs: its mount point leaves no trace in the image. The dynamic linker
// replaces $LIB (ld.so(8)).
func runElsewhen(args []string) error {
	runc, err := exec.LookPath("runc")
	if err != nil {
		return err
	}
	if i := slices.Index(args, "--bundle"); i >= 0 && slices.Contains(args, "run") {
		config := filepath.Join(args[i+1], "config.json")
		data, err := os.ReadFile(config)
		if err != nil {
			return err
		}
		spec := struct {
			Process map[string]any `json:"process"`
			Mounts  []any          `json:"mounts"`
		}{}
		var all map[string]any
		if err := json.Unmarshal(data, &spec); err != nil {
			return err
		}
		if err := json.Unmarshal(data, &all); err != nil {
			return err
		}
		env, _ := spec.Process["env"].([]any)
		spec.Process["env"] = append(env, "LD_PRELOAD=/dev/elsewhen/$LIB/faketime/libfaketime.so.1", "FAKETIME="+offset,
			"NO_FAKE_STAT=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "TZ=Pacific/Kiritimati")
		all["process"] = spec.Process
		all["mounts"] = append(spec.Mounts, map[string]any{"destination": "/dev/elsewhen", "type": "bind",
			"source": filepath.Join(filepath.Dir(args[0]), "faketime/usr"), "options": []string{"rbind", "ro"}})
		if data, err = json.Marshal(all); err != nil {
			return err
		}
		if err := os.WriteFile(config, data, 0o600); err != nil {
			return err
		}
	}
	return syscall.Exec(runc, append([]string{"runc"}, args[1:]...), os.Environ())
}
