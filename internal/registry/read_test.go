package registry

import (
	"strings"
	"testing"
)

func TestAnnotations(t *testing.T) {
	t.Parallel()
	repository, _ := serveHere(t)
	index, m := pushAttested(t, repository)
	for reference, want := range map[string]string{
		repository + ":x": "v", repository + "@" + index: "v", repository + "@" + m.Digest: "", repository + ":other": "", repository + "2:x": "",
	} {
		if got, err := Annotations(t.Context(), reference); err != nil || got["k"] != want {
			t.Errorf("%s: got %v, %v", reference, got, err)
		}
	}
	for reference, want := range map[string]string{"nonsense": "reading reference", "127.0.0.1:1/oar/x:y": "reading 127.0.0.1:1/oar/x:y"} {
		if _, err := Annotations(t.Context(), reference); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", reference, err)
		}
	}
}
