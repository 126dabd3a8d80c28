package registry

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	if got := owner(address + "/oar"); !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want one that ends with %q", got, want)
	}
	listener.Close()
	for _, nobody := range []string{address + "/oar", "registry.example.org:80/oar", "localhost:x/oar"} {
		if got := owner(nobody); got != "" {
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

// Every user of this machine reaches the port, and what one of them wrote would be root
// in another's containers.
func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	me := os.Getuid()
	for name, tc := range map[string]struct {
		method string
		row    string // of the client's socket, after its addresses
		six    bool
		want   int
	}{
		"this user":                   {"PUT", fmt.Sprintf("01 0:0 0:0 0 %d 0 42", me), false, 200},
		"this user, by way of IPv6":   {"PUT", fmt.Sprintf("01 0:0 0:0 0 %d 0 42", me), true, 200},
		"root":                        {"PUT", "01 0:0 0:0 0 0 0 42", false, 200},
		"another":                     {"PUT", fmt.Sprintf("01 0:0 0:0 0 %d 0 42", me+1), false, 403},
		"another who reads":           {"GET", fmt.Sprintf("01 0:0 0:0 0 %d 0 42", me+1), false, 200},
		"another who closed it":       {"POST", "06 0:0 0:0 0 0 0 0", false, 403},
		"another who is closing it":   {"POST", "01 0:0 0:0 0 0 0 0", false, 403},
		"somebody whom nobody knows":  {"DELETE", "", false, 403},
		"somebody unknown, who reads": {"HEAD", "", false, 200},
	} {
		proc := t.TempDir()
		server := httptest.NewUnstartedServer(owned(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		server.Config.ConnContext = knowing(proc)
		server.Start()
		t.Cleanup(server.Close)
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if tc.row != "" {
			table := "net/tcp"
			if tc.six {
				table = "net/tcp6"
			}
			row := fmt.Sprintf("0: %s %s %s 1\n", inTable(addrPort(conn.LocalAddr()), tc.six), inTable(addrPort(conn.RemoteAddr()), tc.six), tc.row)
			if err := errors.Join(os.Mkdir(filepath.Join(proc, "net"), 0o755), os.WriteFile(filepath.Join(proc, table), []byte(row), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(conn, "%s / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", tc.method)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != tc.want {
			t.Errorf("%s: got %s", name, answer.Status)
		}
	}
}

// The kernel's own table tells a stranger, where the test may make one.
func TestAStrangerMayReadAndNotWrite(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("root alone can be another user")
	}
	for _, loopback := range []string{"127.0.0.1", "[::1]"} {
		listener, err := net.Listen("tcp", loopback+":0")
		if err != nil {
			t.Logf("not at %s: %v", loopback, err)
			continue
		}
		listener.Close()
		checkStrangers(t, listener.Addr().String())
	}
}

func checkStrangers(t *testing.T, address string) {
	t.Helper()
	stop, _, err := EnsureLoopback(t.Context(), address+"/x", t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	host, port, _ := net.SplitHostPort(address)
	for _, tc := range []struct {
		request, want string
		user          uint32
	}{
		{"POST /v2/x/blobs/uploads/", "HTTP/1.1 202 Accepted", 0},
		{"POST /v2/x/blobs/uploads/", "HTTP/1.1 403 Forbidden", 65534},
		{"GET /v2/", "HTTP/1.1 200 OK", 65534},
	} {
		script := fmt.Sprintf(`exec 3<>/dev/tcp/%s/%s; printf '%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n' >&3; head -n 1 <&3`, host, port, tc.request)
		cmd := exec.Command("bash", "-c", script)
		cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: tc.user, Gid: tc.user}}
		said, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(said)); err != nil || got != tc.want {
			t.Errorf("%s of user %d at %s: got %q, %v", tc.request, tc.user, host, got, err)
		}
	}
}
