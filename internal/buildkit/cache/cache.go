// Package cache reads where BuildKit's cache goes to and comes from beside the
// builder's own: --cache-to and --cache-from, written as buildx has them.
//
// # One place an image
//
// A build is many solves, one for each image and platform, and each writes a
// cache of its own; in one place the last would win. So what names the place has
// {name} and {arch} in it, which are replaced, or gets "-NAME-ARCH" at its end:
// the tag of a registry's ref, the folder of a local cache, the scope of GitHub's.
// An image finds its cache again whatever else is built beside it.
package cache

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Spec is one --cache-to or --cache-from.
type Spec struct {
	kind  string
	attrs map[string]string
	place string // the attribute that says where; "" is nowhere of its own
}

// places are the attributes that say where the caches of each type are: where
// it is written, and where it is read.
var places = map[string][2]string{
	"registry": {"ref", "ref"}, "local": {"dest", "src"}, "gha": {"scope", "scope"}, "inline": {"", ""},
}

// ParseTo reads the values of --cache-to. Every error is one of usage.
func ParseTo(texts []string) ([]Spec, error) { return parseAll("--cache-to", texts, 0) }

// ParseFrom reads the values of --cache-from. Every error is one of usage.
func ParseFrom(texts []string) ([]Spec, error) { return parseAll("--cache-from", texts, 1) }

func parseAll(flag string, texts []string, way int) ([]Spec, error) {
	var specs []Spec
	for _, text := range texts {
		s, err := parse(text, way)
		if err != nil {
			return nil, ui.Usage(fmt.Errorf("reading %s: %w", flag, err),
				"write %s type=registry,ref=REPO:TAG, or type=local, gha or inline, as for docker buildx build", flag)
		}
		specs = append(specs, s)
	}
	return specs, nil
}

// parse reads one value; without a "=" it is the ref of a registry's cache.
func parse(text string, way int) (Spec, error) {
	s := Spec{attrs: map[string]string{}}
	if !strings.Contains(text, "=") {
		text = "type=registry,ref=" + text
	}
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return s, errors.New("it is no list of KEY=VALUE")
	}
	if err := s.fill(fields); err != nil {
		return s, err
	}
	s.kind = s.attrs["type"]
	delete(s.attrs, "type")
	place, known := places[s.kind]
	if !known {
		return s, fmt.Errorf("there is no type %q", s.kind)
	}
	s.place = place[way]
	switch {
	case s.kind == "inline" && way == 1:
		return s, errors.New("an inline cache is in an image: read it with type=registry,ref=IMAGE")
	case s.kind == "gha":
		s.actions(os.LookupEnv)
		if s.attrs["token"] == "" || s.attrs["url"]+s.attrs["url_v2"] == "" {
			return s, errors.New("GitHub's cache needs its token: run it in a workflow that exports ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL")
		}
	case s.place != "" && s.attrs[s.place] == "":
		return s, fmt.Errorf("type=%s needs %s", s.kind, s.place)
	}
	return s, nil
}

// fill takes the attributes from fields of KEY=VALUE. A field that is none is
// quoted, unless it may be what follows a comma in a secret.
func (s Spec) fill(fields []string) error {
	hidden := false
	for i, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		if ok && key != "" {
			s.attrs[key] = value
			hidden = hidden || secret.MatchString(key)
			continue
		}
		what := strconv.Quote(field)
		if hidden || secret.MatchString(field) {
			what = fmt.Sprintf("field %d", i+1)
		}
		return errors.New(what + " is not KEY=VALUE")
	}
	return nil
}

// secret matches the keys of attributes whose values are not to be shown.
var secret = regexp.MustCompile(`(?i)token|secret|passw|key`)

// actions takes from a GitHub workflow's environment what leads to its cache,
// where the text does not say.
func (s Spec) actions(env func(string) (string, bool)) {
	take := func(key, name string) {
		if value, ok := env(name); ok && s.attrs[key] == "" {
			s.attrs[key] = value
		}
	}
	take("token", "ACTIONS_RUNTIME_TOKEN")
	take("url", "ACTIONS_CACHE_URL")
	second, _ := env("ACTIONS_CACHE_SERVICE_V2")
	if is, err := strconv.ParseBool(second); s.attrs["version"] == "2" || s.attrs["version"] == "" && err == nil && is {
		take("url_v2", "ACTIONS_RESULTS_URL")
	}
	if s.attrs["scope"] == "" {
		s.attrs["scope"] = "oarbuild"
	}
}

// Away tells whether the cache is on another machine. loopback reports of a
// reference whether its registry is on this one.
func (s Spec) Away(loopback func(ref string) bool) bool {
	return s.kind == "gha" || s.kind == "registry" && !loopback(s.attrs["ref"])
}

// For returns the cache of one image for one platform. plainHTTP reports of a
// reference whether its registry is spoken to without TLS.
func (s Spec) For(name, arch string, plainHTTP func(ref string) bool) client.CacheOptionsEntry {
	e := client.CacheOptionsEntry{Type: s.kind, Attrs: maps.Clone(s.attrs)}
	own := false
	for key, value := range s.attrs {
		e.Attrs[key] = strings.NewReplacer("{name}", name, "{arch}", arch).Replace(value)
		own = own || e.Attrs[key] != value
	}
	if place := e.Attrs[s.place]; s.place != "" && !own {
		e.Attrs[s.place] = beside(s.kind, place, name+"-"+arch)
	}
	if ref := e.Attrs["ref"]; s.kind == "registry" && plainHTTP(ref) && e.Attrs["registry.insecure"] == "" {
		e.Attrs["registry.insecure"] = "true"
	}
	return e
}

// beside returns the place for one image beside those of the others.
func beside(kind, place, item string) string {
	switch {
	case kind == "local":
		return path.Join(place, item)
	case kind == "registry" && strings.LastIndexByte(place, ':') <= strings.LastIndexByte(place, '/'):
		return place + ":" + item
	}
	return place + "-" + item
}

// Missing returns the folder of a local cache that is to be read and is not
// there, as it is before the first build, or "".
func Missing(e client.CacheOptionsEntry) string {
	dir := e.Attrs["src"]
	if _, err := os.Stat(path.Join(dir, "index.json")); e.Type == "local" && errors.Is(err, os.ErrNotExist) {
		return dir
	}
	return ""
}
