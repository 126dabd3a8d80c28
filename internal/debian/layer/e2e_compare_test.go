//go:build e2e

package layer

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// expected are the paths in which our trees differ from apt's, each with its
// reason. Anything else is a failure.
var expected = []struct{ pattern, reason string }{
	{`etc/(resolv\.conf|hostname|hosts|fstab)`, "mmdebstrap writes them from the machine"},
	{`etc/apt/(sources\.list(\.d/0000sources\.list)?|apt\.conf\.d/99mmdebstrap)`, "mmdebstrap's and the test's own settings"},
	{`var/lib/dpkg/arch`, "mmdebstrap writes it; without foreign architectures dpkg does not need it"},
	{`etc/(shadow|shadow-)`, "the day of the last change is that of the epoch"},
	{`etc/machine-id|var/lib/dbus/machine-id`, "random; emptied"},
	{`etc/ssh/ssh_host_.*|etc/oar/oar_ssh_host_rsa_key(\.pub)?|var/lib/oar/\.ssh/(id_rsa|id_rsa\.pub|authorized_keys)`, "keys; removed"},
	{`etc/ssl/(private/ssl-cert-snakeoil\.key|certs/ssl-cert-snakeoil\.pem|certs/[0-9a-f]{8}\.0)`, "a key and its certificate; removed"},
	{`var/lib/postgresql/.*/(global/pg_control|pg_stat/pgstat\.stat|pg_wal/[0-9A-F]+)`, "a new database cluster has a random identifier"},
	{`var/lib/apt/lists(/.*)?|var/cache/apt(/.*)?`, "what apt leaves when it runs; it did not run here"},
	{`var/log/.*|.*-old|var/cache/ldconfig/aux-cache|var/lib/systemd/catalog/database`, "logs, backups, caches; removed"},
	{`var/cache/debconf/tmp\.ci`, "where dpkg's preinst left it; removed"},
	{`var/cache/debconf/config\.dat`, "what debconf notes of owners depends on the order of configuration"},
	{`var/lib/apt/extended_states`, "what was not asked for is automatic, that of the bare base too"},
}

// sorted are the files of which only the order of lines may differ.
var sorted = regexp.MustCompile(`^(etc/(group|gshadow|passwd|subuid|subgid)-?|etc/shells|var/lib/dpkg/triggers/[^/]+|var/lib/dpkg/(diversions|statoverride))$`)

// compareTrees reports every path whose existence, type, mode, owner or contents
// differ.
func compareTrees(t *testing.T, ours, theirs string) {
	a, b := scan(t, ours), scan(t, theirs)
	if len(a) < 1000 {
		t.Fatalf("only %d paths in %s", len(a), ours)
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	reasons := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a[name] == b[name] {
			continue
		}
		i := slices.IndexFunc(expected, func(e struct{ pattern, reason string }) bool {
			return regexp.MustCompile(`^(?:` + e.pattern + `)$`).MatchString(name)
		})
		if i < 0 {
			t.Errorf("%s: %s, apt has %s", name, cmp.Or(a[name], "missing"), cmp.Or(b[name], "none"))
			continue
		}
		reasons[expected[i].reason]++
	}
	t.Logf("%d paths, of which differ:", len(all))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		t.Logf("%6d %s", reasons[reason], reason)
	}
}

// scan describes every path below root but what is mounted there in a container.
func scan(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if slices.Contains([]string{"proc", "sys", "dev", "run", "tmp"}, name) {
			return fs.SkipDir
		}
		found[name], err = describe(path, name, d)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// describe tells type, mode, owner and contents of a path in one line.
func describe(path, name string, d fs.DirEntry) (string, error) {
	info, err := d.Info()
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("%s: no owner", path)
	}
	text := fmt.Sprintf("%v %d:%d", info.Mode(), stat.Uid, stat.Gid)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return text + " -> " + target, err
	case info.Mode().IsRegular():
		data, err := os.ReadFile(path)
		if name == "var/lib/dpkg/status" {
			data = []byte(strings.Join(slices.Sorted(strings.SplitSeq(string(data), "\n\n")), "\n\n"))
		}
		if sorted.MatchString(name) {
			data = []byte(strings.Join(slices.Sorted(strings.Lines(string(data))), ""))
		}
		return fmt.Sprintf("%s %d bytes %x", text, len(data), sha256.Sum256(data)), err
	}
	return text, nil
}
