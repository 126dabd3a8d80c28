package endpoint

import (
	"crypto/tls"
	"encoding/pem"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
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

func TestFindSaysWhatItTried(t *testing.T) {
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	for _, tc := range []struct{ name, flag, env, want string }{
		{"nobody at the flag's address", nobody, "tcp://ignored:1", nobody + " (--builder)"},
		{"nobody at the environment's address", "", nobody, nobody + " (BUILDKIT_HOST)"},
		{"no scheme in the environment", "", "localhost:1234", "localhost:1234 (BUILDKIT_HOST): the address has no scheme"},
		{"no worker", (&fake{version: "v0.33.1"}).serve(t), "", "no worker to build with"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("BUILDKIT_HOST", tc.env)
			o := quiet(t)
			o.Platforms = amd64
			if tc.flag != "" {
				o.Specs = Specs{"": tc.flag}
			}
			_, err := Find(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

var (
	amd64 = []ocispec.Platform{{OS: "linux", Architecture: "amd64"}}
	arm64 = []ocispec.Platform{{OS: "linux", Architecture: "arm64"}}
)

// quiet returns options under which nothing may be warned of.
func quiet(t *testing.T) Options {
	return Options{Daemon: &Daemon{Dir: t.TempDir()}, Say: func(string) {}, Warn: func(line string) { t.Errorf("warned of %s", line) }}
}

func TestAnOldBuildKitIsWarnedOf(t *testing.T) {
	t.Parallel()
	for version, warnings := range map[string]int{"v0.33.1": 0, "v0.20.0": 1, "v0.0.0+unknown": 0} {
		var said, warned []string
		f := &fake{version: version, workers: 1}
		set, err := Find(t.Context(), Options{
			Specs: Specs{"": f.serve(t)}, Platforms: amd64,
			Say: func(line string) { said = append(said, line) }, Warn: func(line string) { warned = append(warned, line) },
		})
		if err != nil {
			t.Fatal(err)
		}
		set.Close()
		if len(said) != 1 || !strings.Contains(said[0], version) || len(warned) != warnings {
			t.Errorf("%s: said %q, warned of %q", version, said, warned)
		}
	}
}

func TestEveryPlatformHasItsBuilder(t *testing.T) {
	t.Parallel()
	here := &fake{version: "v0.33.1", workers: 1, platforms: []string{"amd64", "386"}}
	there := &fake{version: "v0.33.1", workers: 1, platforms: []string{"arm64"}}
	o := quiet(t)
	o.Platforms = append(amd64, arm64...)
	o.Specs = Specs{"": here.serve(t), "linux/arm64": there.serve(t), "linux/s390x": "unix:///nobody/asks.sock"}
	set, err := Find(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if set["linux/amd64"].Address != o.Specs[""] || set["linux/arm64"].Address != o.Specs["linux/arm64"] || len(set) != 2 {
		t.Errorf("got %v", set)
	}
}

func TestABuilderThatLacksAPlatformFailsAll(t *testing.T) {
	t.Parallel()
	f := &fake{version: "v0.33.1", workers: 1, platforms: []string{"amd64"}}
	o := quiet(t)
	o.Specs, o.Platforms = Specs{"": f.serve(t)}, append(amd64, arm64...)
	_, err := Find(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "building for linux/arm64") || !strings.Contains(err.Error(), "can run linux/amd64 only") {
		t.Errorf("got %v", err)
	}

	// One that was named for the platform may have an emulator that it does not tell of.
	warned := 0
	o.Warn = func(string) { warned++ }
	o.Specs["linux/arm64"] = o.Specs[""]
	set, err := Find(t.Context(), o)
	if err != nil || warned != 1 {
		t.Fatalf("got %v, %d warnings", err, warned)
	}
	set.Close()
}

func TestParseSpecs(t *testing.T) {
	t.Parallel()
	got, err := ParseSpecs([]string{"unix:///a=b", "linux/arm64/v8=tcp://h:1", "linux/amd64=docker-container://c?context=d"})
	want := Specs{"": "unix:///a=b", "linux/arm64": "tcp://h:1", "linux/amd64": "docker-container://c?context=d"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range [][]string{
		{"localhost:1234"}, {""}, {"://x"}, {"linux/arm64=h:1"}, {"a/b/c/d/e=tcp://h:1"}, {"tcp://a:1", "tcp://b:1"},
	} {
		if specs, err := ParseSpecs(bad); err == nil {
			t.Errorf("%q is read as %v", bad, specs)
		}
	}
}

// TestBuildersSpeakTLS: a builder with a certificate is reached by the authority
// that signed it, and by nothing else.
func TestBuildersSpeakTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil) // for its certificate, which is its own authority
	defer server.Close()
	dir := t.TempDir()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	daemon := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: server.TLS.Certificates})))
	controlapi.RegisterControlServer(daemon, &fake{version: "v0.33.1", workers: 1})
	go func() { _ = daemon.Serve(listener) }()
	defer daemon.Stop()

	o := quiet(t)
	o.Specs, o.Platforms, o.TLSDir = Specs{"": "tcp://" + listener.Addr().String()}, amd64, dir
	if _, err := Find(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no ca.pem") {
		t.Errorf("without an authority: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority, 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := Find(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	set.Close()
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(t.Context(), o); err == nil {
		t.Error("a key without a certificate is taken")
	}
}
