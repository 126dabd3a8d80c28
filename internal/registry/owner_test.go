package registry

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheOwnerOfAPortIsNamed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	want := fmt.Sprintf("(process %d)", os.Getpid())
	if got := Owner(address + "/oar"); !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want one that ends with %q", got, want)
	}
	listener.Close()
	for _, nobody := range []string{address + "/oar", "registry.example.org:80/oar", "localhost:x/oar"} {
		if got := Owner(nobody); got != "" {
			t.Errorf("%s is served by %q", nobody, got)
		}
	}
}

func TestAnOwnerThatHidesIsNamedByItsUser(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, "net"), 0o755); err != nil {
		t.Fatal(err)
	}
	table := "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 0100007F:1388 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 41 1\n" +
		"   1: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 42 1\n"
	if err := os.WriteFile(filepath.Join(proc, "net/tcp"), []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := ownerOf(proc, "5000"); got != "a process of user 1001" {
		t.Errorf("got %q", got)
	}
	if got := ownerOf(proc, "5001"); got != "" {
		t.Errorf("of another port: %q", got)
	}
}

// Whose image is pulled is root in containers with this user's folders.
func TestARegistryOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		table string
		user  int
		want  string
	}{
		"of this user": {"net/tcp", os.Getuid(), ""},
		"of root":      {"net/tcp", 0, ""},
		"of another":   {"net/tcp", os.Getuid() + 1, fmt.Sprintf("it is served by user %d", os.Getuid()+1)},
		"at [::1]":     {"net/tcp6", os.Getuid() + 1, fmt.Sprintf("it is served by user %d", os.Getuid()+1)},
	} {
		proc := t.TempDir()
		if err := os.Mkdir(filepath.Join(proc, "net"), 0o755); err != nil {
			t.Fatal(err)
		}
		row := fmt.Sprintf("   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  %d        0 42 1\n", tc.user)
		if err := os.WriteFile(filepath.Join(proc, tc.table), []byte(row), 0o644); err != nil {
			t.Fatal(err)
		}
		err := refuseStranger(proc, "5000")
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
