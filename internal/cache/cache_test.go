package cache

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/oci"
)

// aged puts a file of a size into the cache that was last used so long ago.
func aged(t *testing.T, dir, name string, size int, age time.Duration) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-age)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

func digestOf(c string) string { return strings.Repeat(c, 64) }

// filled is a cache with three .debs, an index, an answer and a Release file,
// oldest first, and a layer of now.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	aged(t, dir, "debian/pool/aa/"+digestOf("a"), 1000, 50*time.Hour)
	aged(t, dir, "debian/pool/bb/"+digestOf("b"), 1000, 40*time.Hour)
	aged(t, dir, "debian/pool/cc/"+digestOf("c")+".part", 1000, 30*time.Hour)
	aged(t, dir, "debian/indexes/dd/"+digestOf("d"), 1000, 20*time.Hour)
	aged(t, dir, "debian/resolved/ee/"+digestOf("e"), 1000, 10*time.Hour)
	aged(t, dir, "debian/dists/ff/"+digestOf("f"), 1000, 100*time.Hour)
	store, err := oci.Open(filepath.Join(dir, "layers"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Layer(t.Context(), "key", func(w io.Writer) error { _, err := w.Write(make([]byte, 1000)); return err }); err != nil {
		t.Fatal(err)
	}
	return dir
}

// left lists the .debs, indexes, answers, Release files and layers that are left.
func left(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	for _, folder := range []string{"pool", "indexes", "resolved", "dists"} {
		found, _ := filepath.Glob(filepath.Join(dir, "debian", folder, "*/*"))
		for _, path := range found {
			names = append(names, filepath.Base(path)[:1])
		}
	}
	store, err := oci.Open(filepath.Join(dir, "layers"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := store.Find("key"); ok {
		names = append(names, "layer")
	}
	return strings.Join(names, " ")
}

// prune prunes a cache that nobody else uses.
func prune(t *testing.T, dir string, keep int64, dry bool) Report {
	t.Helper()
	report, err := Prune(t.Context(), dir, keep, dry, func() { t.Error("it waits") })
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestWhatWasNotUsedForLongestGoesFirst(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		keep int64
		want string
	}{
		{1 << 40, "a b c d e f layer"},
		{6500, "a b c d e f layer"},
		{5500, "b c d e f layer"},
		{3500, "d e f layer"},
		{1500, "f layer"},
		{0, "f"},
	} {
		dir := filled(t)
		prune(t, dir, tc.keep, true)
		if got := left(t, dir); got != "a b c d e f layer" {
			t.Errorf("%d: trying alone left %s", tc.keep, got)
		}
		prune(t, dir, tc.keep, false)
		if got := left(t, dir); got != tc.want {
			t.Errorf("%d: left %q, want %q", tc.keep, got, tc.want)
		}
	}
	dir := filled(t)
	prune(t, dir, 0, false)
	if blobs, _ := filepath.Glob(filepath.Join(dir, "layers/*/*/*")); len(blobs) > 0 {
		t.Errorf("of layers there are left %v", blobs)
	}
}

func TestConfigurationsOfImagesBelowGoAsWell(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	aged(t, dir, "bases/"+digestOf("1")+".json", 1000, time.Hour)
	if report := prune(t, dir, 500, false); report[1].Removed != 1 {
		t.Errorf("got %+v", report)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "bases/*")); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

func TestAFolderOnAnotherDiskStays(t *testing.T) {
	t.Parallel()
	dir, disk := filled(t), filepath.Join(t.TempDir(), "pool")
	pool := filepath.Join(dir, "debian/pool")
	if err := errors.Join(os.Rename(pool, disk), os.Symlink(disk, pool)); err != nil {
		t.Fatal(err)
	}
	if report := prune(t, dir, 0, false); report[0].Removed != 3 {
		t.Errorf("got %+v", report)
	}
	if info, err := os.Lstat(pool); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is gone: %v", err)
	}
	if got := left(t, dir); got != "f" {
		t.Errorf("left %q", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	report := prune(t, dir, 3500, true)
	if report[0] != (Line{packages, 3, 0, 3000, 0, 0}) || report[1] != (Line{indexes, 0, 2, 0, 2000, 0}) || report[2].Kept != 1 || report[2].KeptBytes < 1000 {
		t.Errorf("got %+v", report)
	}
	if report := prune(t, filepath.Join(dir, "nowhere"), 0, false); len(report) != 0 {
		t.Errorf("of no folder: %+v", report)
	}
}

// writeLock writes a lock that needs the .deb with digest a.
func writeLock(t *testing.T) string {
	t.Helper()
	l := lock.Lock{Recipe: "x", Suite: "trixie", Releases: []lock.Release{{Suite: "trixie", Archive: "debian", SHA256: digestOf("0")}},
		Platforms: []lock.Platform{{Name: "linux/amd64", Levels: []lock.Level{{Name: "x", Packages: []debian.Package{
			{Name: "p", Version: "1", Architecture: "all", Source: "p", Archive: "debian", Filename: "pool/p", SHA256: digestOf("a"), Size: 1}}}}}}}
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.trixie.lock.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWhatALockNeedsStays(t *testing.T) {
	t.Parallel()
	dir, file := filled(t), writeLock(t)
	for range 2 {
		if err := Remember(dir, file); err != nil {
			t.Fatal(err)
		}
	}
	report := prune(t, dir, 0, false)
	if got := left(t, dir); got != "a f" || report[0].Locked != 1 {
		t.Errorf("left %q, %+v", got, report)
	}
	// A lock that cannot be read needs who knows what.
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), dir, 0, false, func() {}); err == nil || !strings.Contains(err.Error(), file+":1: it is no lock") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	prune(t, dir, 0, false)
	if got := left(t, dir); got != "f" {
		t.Errorf("when the lock is gone, left %q", got)
	}
}

func TestNothingGoesWhileABuildRuns(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	leave, err := Enter(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := Tidy(dir, 0, time.Now()); err != nil || report != nil || !strings.Contains(left(t, dir), "a") {
		t.Errorf("unasked: %+v, %v", report, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waited := 0
	if _, err := Prune(ctx, dir, 0, false, func() { waited++; cancel() }); !errors.Is(err, context.Canceled) || waited != 1 {
		t.Errorf("got %v, told %d times", err, waited)
	}
	if _, err := Prune(t.Context(), dir, 0, false, leave); err != nil || left(t, dir) != "f" {
		t.Errorf("after the build: %v, left %q", err, left(t, dir))
	}
}

func TestTidyOnceADay(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	now := time.Now()
	if report, err := Tidy(dir, 5500, now); err != nil || report[0].Removed != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	if report, err := Tidy(dir, 0, now.Add(23*time.Hour)); err != nil || report != nil {
		t.Errorf("within a day: got %+v, %v", report, err)
	}
	if report, err := Tidy(dir, 0, now.Add(25*time.Hour)); err != nil || report[0].Removed != 2 {
		t.Errorf("a day later: got %+v, %v", report, err)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "10GB": 10e9, "1.5 MB": 1.5e6, "512MiB": 512 << 20, "7k": 7000, "1TiB": 1 << 40, "10gb": 10e9, "2kb": 2000, "1 kib": 1024} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "GB", "-1", "10 parsecs", "1BB", "NaN", "1e300GB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: got %d", text, got)
		}
	}
	for n, want := range map[int64]string{12: "0.0 kB", 1500: "1.5 kB", 2_500_000: "2.5 MB", 3_210_000_000: "3.2 GB"} {
		if got := FormatSize(n); got != want {
			t.Errorf("%d: got %s", n, got)
		}
	}
}
