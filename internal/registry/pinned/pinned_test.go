package pinned

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// An image that is no index has one platform, and is taken as it is.
func TestConfigOfASingleImage(t *testing.T) {
	t.Parallel()
	repository := registrytest.New(t).Host + "/oar/x"
	digest, image := registrytest.Push(t, repository, "amd64")
	want, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	platform := v1.Platform{OS: "linux", Architecture: "amd64"}
	if got, err := Config(t.Context(), repository+"@"+digest, platform); err != nil || string(got) != string(want) {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := Config(t.Context(), "x:tag", platform); err == nil || !strings.Contains(err.Error(), `reading reference "x:tag"`) {
		t.Errorf("a tag: %v", err)
	}
}
