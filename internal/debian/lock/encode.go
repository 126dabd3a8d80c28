package lock

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// The forms of the file, in the order of their fields.
type (
	lockJSON struct {
		Format    int            `json:"oarbuild-lock"`
		Recipe    string         `json:"recipe"`
		Suite     string         `json:"suite"`
		Sources   []sourceJSON   `json:"sources"`
		Releases  []releaseJSON  `json:"releases"`
		Platforms []platformJSON `json:"platforms"`
	}
	sourceJSON struct {
		Name       string   `json:"name"`
		URL        string   `json:"url"`
		Suite      string   `json:"suite"`
		Components []string `json:"components"`
		KeySHA256  string   `json:"key-sha256"`
	}
	releaseJSON struct {
		Suite   string      `json:"suite"`
		Archive string      `json:"archive"`
		Date    string      `json:"date"`
		SHA256  string      `json:"sha256"`
		Indexes []indexJSON `json:"indexes"`
	}
	indexJSON struct {
		Path   string `json:"path"`
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	}
	platformJSON struct {
		Name    string        `json:"name"`
		Levels  []levelJSON   `json:"levels"`
		Preload []packageJSON `json:"preload"`
	}
	levelJSON struct {
		Name     string        `json:"name"`
		Asks     []string      `json:"asks"`
		Packages []packageJSON `json:"packages"`
	}
	packageJSON struct {
		Name         string `json:"name"`
		Version      string `json:"version"`
		Architecture string `json:"architecture"`
		MultiArch    string `json:"multi-arch"` // "-" for none
		Source       string `json:"source"`
		Archive      string `json:"archive"`
		Path         string `json:"path"`
		SHA256       string `json:"sha256"`
		Size         int64  `json:"size"`
	}
)

// Encode returns the text of the lock's file.
func (l *Lock) Encode() ([]byte, error) {
	form := lockJSON{Format: Format, Recipe: l.Recipe, Suite: l.Suite,
		Sources: []sourceJSON{}, Releases: []releaseJSON{}, Platforms: []platformJSON{}}
	for _, s := range l.Sources {
		form.Sources = append(form.Sources, sourceJSON{s.Name, s.URL, s.Suite, append([]string{}, s.Components...), s.KeySHA256})
	}
	for _, r := range l.Releases {
		release := releaseJSON{r.Suite, r.Archive, r.Date.UTC().Format(time.RFC3339), r.SHA256, []indexJSON{}}
		for _, ix := range r.Indexes {
			release.Indexes = append(release.Indexes, indexJSON(ix))
		}
		form.Releases = append(form.Releases, release)
	}
	for _, p := range l.Platforms {
		platform := platformJSON{p.Name, []levelJSON{}, packagesJSON(p.Preload)}
		for _, level := range p.Levels {
			asks := append([]string{}, slices.Sorted(slices.Values(level.Asks))...)
			platform.Levels = append(platform.Levels, levelJSON{level.Name, asks, packagesJSON(level.Packages)})
		}
		form.Platforms = append(form.Platforms, platform)
	}
	slices.SortFunc(form.Platforms, func(a, b platformJSON) int { return strings.Compare(a.Name, b.Name) })
	var compact bytes.Buffer
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(form); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := layOut(&out, compact.Bytes(), ""); err != nil {
		return nil, err
	}
	body := append(bytes.TrimSuffix(out.Bytes(), []byte("\n}")), ",\n"...)
	return append(body, sumBegin+sumOf(body)+sumEnd...), nil
}

// noMultiArch is written for a package without the field Multi-Arch.
const noMultiArch = "-"

// What stands around the sum at the end of a file.
const (
	sumBegin = `  "sum": "`
	sumEnd   = "\"\n}\n"
)

// sumOf is the sum of what stands before it.
func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func packagesJSON(packages []debian.Package) []packageJSON {
	list := []packageJSON{}
	for _, p := range packages {
		list = append(list, packageJSON{p.Name, p.Version, p.Architecture, cmp.Or(p.MultiArch, noMultiArch), p.Source, p.Archive, p.Filename, p.SHA256, p.Size})
	}
	return list
}

// layOut writes a JSON value so that differences are read by the line: lists
// are spread, and an object that holds plain values alone is on one line.
func layOut(out *bytes.Buffer, value []byte, indent string) error {
	value = bytes.TrimSpace(value)
	isObject := value[0] == '{'
	plain := !isObject && value[0] != '[' || isObject && !bytes.ContainsAny(value[1:], "[{")
	if plain || len(value) == 2 {
		out.Write(value)
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	out.WriteByte(value[0])
	for first := true; decoder.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		out.WriteString("\n" + indent + "  ")
		if isObject {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			out.WriteString(`"` + key.(string) + `": `)
		}
		var inner json.RawMessage
		if err := decoder.Decode(&inner); err != nil {
			return err
		}
		if err := layOut(out, inner, indent+"  "); err != nil {
			return err
		}
	}
	out.WriteString("\n" + indent)
	out.WriteByte(value[len(value)-1])
	return nil
}
