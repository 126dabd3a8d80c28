package registry

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Rows as a kernel on a little-endian machine has them.
func TestAnAddressIsThatOfTheKernelsTable(t *testing.T) {
	t.Parallel()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the rows are of a little-endian machine")
	}
	for _, tc := range []struct {
		at   string
		six  bool
		want string
	}{
		{"127.0.0.1:5000", false, "0100007F:1388"},
		{"127.0.0.1:5000", true, "0000000000000000FFFF00000100007F:1388"},
		{"[::1]:5000", true, "00000000000000000000000001000000:1388"},
	} {
		if got := inTable(netip.MustParseAddrPort(tc.at), tc.six); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.at, got, tc.want)
		}
	}
}

// between is a connection of 127.0.0.1 to itself.
type between struct {
	net.Conn
	local, remote *net.TCPAddr
}

func (b between) LocalAddr() net.Addr  { return b.local }
func (b between) RemoteAddr() net.Addr { return b.remote }

// While others come and go, the kernel's table may have a connection twice, or not at all.
func TestAPeerIsFoundInATableThatChanges(t *testing.T) {
	t.Parallel()
	me, another := fmt.Sprint(os.Getuid()), fmt.Sprint(os.Getuid()+1)
	loopback := net.IPv4(127, 0, 0, 1)
	conn := between{local: &net.TCPAddr{IP: loopback, Port: 5000}, remote: &net.TCPAddr{IP: loopback, Port: 40000}}
	row := func(user string) string {
		return fmt.Sprintf("0: %s %s 01 0:0 0:0 0 %s 0 42 1\n",
			inTable(addrPort(conn.remote), false), inTable(addrPort(conn.local), false), user)
	}
	for name, tc := range map[string]struct {
		table string
		after time.Duration
		want  string
	}{
		"twice":                {row(me) + row(me), 0, me},
		"missed at first":      {row(me), 2*lookAgain + 1, me},
		"missed, of another":   {row(another), 2*lookAgain + 1, another},
		"of another, too":      {row(me) + row(another), 0, another},
		"never there":          {"", 0, ""},
		"after all looks only": {row(me), looks * lookAgain, ""},
	} {
		proc := t.TempDir()
		if err := os.Mkdir(filepath.Join(proc, "net"), 0o755); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			fill := func() {
				if err := os.WriteFile(filepath.Join(proc, "net/tcp"), []byte(tc.table), 0o644); err != nil {
					t.Error(err)
				}
			}
			if tc.after == 0 {
				fill()
			} else {
				time.AfterFunc(tc.after, fill)
			}
			if got := peer(proc, conn); got != tc.want {
				t.Errorf("%s: got %q, want %q", name, got, tc.want)
			}
			time.Sleep(tc.after)
		})
	}
}

// Who may not write must not build for an hour first. What refuses is this program's own.
func TestAPushIntoTheRegistryOfAnotherIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server string
		status int
		want   bool
	}{
		"ours, of another":      {serverName, http.StatusForbidden, true},
		"ours":                  {serverName, http.StatusMethodNotAllowed, false},
		"ours, read meanwhile":  {serverName, http.StatusServiceUnavailable, false},
		"a registry of no ours": {"nginx", http.StatusForbidden, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Server", tc.server)
			if !reads(r) {
				w.WriteHeader(tc.status)
			}
		}))
		t.Cleanup(server.Close)
		_, err := Owner(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/x")
		if (err != nil) != tc.want || err != nil && !strings.Contains(err.Error(), "only read") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Owner(t.Context(), "registry.example.org/x"); err != nil {
		t.Error(err)
	}
}

// The refusal tells a client whom it refused, and what to do.
func TestARefusalNamesTheUser(t *testing.T) {
	t.Parallel()
	proc := t.TempDir() // where nobody is found
	server := httptest.NewUnstartedServer(owned(http.NotFoundHandler()))
	server.Config.ConnContext = knowing(proc)
	server.Start()
	t.Cleanup(server.Close)
	response, err := http.Post(server.URL, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body strings.Builder
	if err := response.Write(&body); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"user unknown may only read", anotherPort} {
		if !strings.Contains(body.String(), want) {
			t.Errorf("no %q in %s", want, &body)
		}
	}
}
