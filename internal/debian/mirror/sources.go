package mirror

import (
	"bufio"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/debian/control"
)

// entry is one URI and suite of apt's sources (sources.list(5)).
type entry struct {
	uri, suite string
	components []string
	signedBy   string
}

// known are the suites of Debian whose entries show where its archives are.
var known = regexp.MustCompile(`^(bullseye|bookworm|trixie|forky|sid|unstable|testing|stable|oldstable)(-updates|-security|-backports)?$`)

// isDebian tells whether the entry is one of Debian's archives, reached in a
// way that this program knows.
func (e entry) isDebian() bool {
	u, err := url.Parse(e.uri)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(e.uri, "[$") &&
		known.MatchString(e.suite) && slices.Contains(e.components, component) && e.trust() > 0
}

func (e entry) isSecurity() bool { return strings.HasSuffix(e.suite, "-security") }

// trust is 0 for what is signed by the keys of somebody else.
func (e entry) trust() int {
	switch {
	case strings.Contains(e.signedBy, "debian-archive-"):
		return 2
	case e.signedBy == "":
		return 1
	}
	return 0
}

// parseSources reads a file in deb822 form. apt takes comments between fields.
func parseSources(text string) []entry {
	var bare strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			bare.WriteString(line)
		}
	}
	var entries []entry
	stanzas := control.NewReader(strings.NewReader(bare.String()))
	for {
		s, err := stanzas.Next()
		if err != nil {
			return entries
		}
		off := slices.Contains([]string{"no", "false", "0", "off", "disable", "without"}, strings.ToLower(s.Get("Enabled")))
		if off || !slices.Contains(strings.Fields(s.Get("Types")), "deb") {
			continue
		}
		for _, uri := range strings.Fields(s.Get("URIs")) {
			for _, suite := range strings.Fields(s.Get("Suites")) {
				entries = append(entries, entry{strings.TrimRight(uri, "/"), suite, strings.Fields(s.Get("Components")), s.Get("Signed-By")})
			}
		}
	}
}

// parseList reads a file in the one-line form: deb [options] uri suite component…
func parseList(text string) []entry {
	var entries []entry
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		line, isDeb := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !isDeb {
			continue
		}
		line = strings.TrimSpace(line)
		var options string
		if strings.HasPrefix(line, "[") {
			options, line, _ = strings.Cut(line[1:], "]")
		}
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		e := entry{uri: strings.TrimRight(words[0], "/"), suite: words[1], components: words[2:]}
		for option := range strings.FieldsSeq(options) {
			if value, found := strings.CutPrefix(option, "signed-by="); found {
				e.signedBy = value
			}
		}
		entries = append(entries, e)
	}
	return entries
}
