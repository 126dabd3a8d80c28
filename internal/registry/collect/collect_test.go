package collect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/registry/collect"
	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// serve serves the registry of a new folder.
func serve(t *testing.T) (repository, root string) {
	t.Helper()
	root = t.TempDir()
	port, _ := registrytest.Serve(t, registry.Serve, root)
	return fmt.Sprintf("127.0.0.1:%d/oar/node", port), root
}

// publish publishes a new image of 3 kB with a statement under the tags, and
// returns the digest of its index.
func publish(t *testing.T, repository string, tags ...string) string {
	t.Helper()
	digest, _ := registrytest.Push(t, repository, "amd64")
	index, err := registry.Publish(t.Context(), repository, tags, []registry.Manifest{{
		Digest: digest, OS: "linux", Architecture: "amd64",
		Statements: []registry.Statement{{PredicateType: "https://example.org/x", JSON: []byte(`{"of":"` + digest + `"}`)}},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// whole tells whether every byte of a published index is there.
func whole(t *testing.T, repository, index string) bool {
	t.Helper()
	ref, err := name.NewDigest(repository + "@" + index)
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Index(ref)
	return err == nil && validate.Index(found) == nil
}

// collected collects a registry an hour and a minute later.
func collected(t *testing.T, o collect.Options) *collect.Removed {
	t.Helper()
	o.Now = time.Now().Add(61 * time.Minute)
	removed, err := collect.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return removed
}

func TestWhatATagLeadsToStays(t *testing.T) {
	t.Parallel()
	repository, root := serve(t)
	first := publish(t, repository, "a", "b")
	second := publish(t, repository, "a")
	other := publish(t, repository+"2", "a")
	if removed := collected(t, collect.Options{Root: root}); len(removed.Manifests) != 0 || removed.Blobs != 0 {
		t.Errorf("while all have a tag, it removed %+v", removed)
	}
	third := publish(t, repository, "a", "b")
	would := collected(t, collect.Options{Root: root, DryRun: true})
	if len(would.Manifests) != 8 || !whole(t, repository, first) || !whole(t, repository, second) {
		t.Errorf("a dry run removes %+v", would)
	}
	did := collected(t, collect.Options{Root: root})
	if len(did.Manifests) != 8 || did.Blobs != would.Blobs || did.Bytes != would.Bytes || did.Bytes < 6000 || did.Stays < 6000 {
		t.Errorf("it removed %+v, and would have %+v", did, would)
	}
	for _, gone := range []string{first, second} {
		if _, err := os.Stat(filepath.Join(root, "docker/registry/v2/blobs/sha256", gone[7:9], gone[7:])); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	if !whole(t, repository, third) || !whole(t, repository+"2", other) {
		t.Error("an image with a tag is damaged")
	}
	if again := collected(t, collect.Options{Root: root}); again.Blobs != 0 || again.Bytes != 0 {
		t.Errorf("once more it removed %+v", again)
	}
	repo, err := name.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	if tags, err := remote.List(repo); err != nil || len(tags) != 3 { // a, b, and the list of referrers of what they lead to
		t.Errorf("the tags are %v, %v", tags, err)
	}
	if published := publish(t, repository, "c"); !whole(t, repository, published) {
		t.Error("nothing can be published afterwards")
	}
}

func TestTheNewestStayWithinASize(t *testing.T) {
	t.Parallel()
	repository, root := serve(t)
	var images []string
	for range 3 {
		images = append(images, publish(t, repository, "a"))
		time.Sleep(20 * time.Millisecond) // the file system tells their ages
	}
	one := collected(t, collect.Options{Root: root, DryRun: true}).Stays
	collected(t, collect.Options{Root: root, Keep: 2*one + 500})
	for i, want := range []bool{false, true, true} {
		if got := whole(t, repository, images[i]); got != want {
			t.Errorf("image %d of 3 is there: %v", i, got)
		}
	}
}

func TestWhatIsYoungStays(t *testing.T) {
	t.Parallel()
	repository, root := serve(t)
	first := publish(t, repository, "a")
	publish(t, repository, "a")
	removed, err := collect.Run(t.Context(), collect.Options{Root: root, Now: time.Now()})
	if err != nil || removed.Blobs != 0 || len(removed.Manifests) != 0 || !whole(t, repository, first) {
		t.Errorf("it removed %+v, %v", removed, err)
	}
}

func TestAPushIsWaitedFor(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	release, err := collect.Hold(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan bool)
	done := make(chan error)
	go func() {
		_, err := collect.Run(t.Context(), collect.Options{Root: root, Now: time.Now(), Waiting: func() { close(waiting) }})
		done <- err
	}()
	<-waiting
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	release()
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAFolderThatIsNotThereHasNothingToRemove(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "none")
	removed, err := collect.Run(t.Context(), collect.Options{Root: root, Now: time.Now()})
	if err != nil || removed.Blobs != 0 {
		t.Errorf("got %+v, %v", removed, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := collect.Run(t.Context(), collect.Options{Root: file}); err == nil || !strings.Contains(err.Error(), "collecting the registry of") {
		t.Errorf("got %v", err)
	}
	if _, err := collect.Hold(t.Context(), filepath.Join(file, "x")); err == nil {
		t.Error("a folder that cannot be made is held")
	}
}
