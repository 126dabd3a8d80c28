package layer

import (
	"archive/tar"
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Filter tells which paths of packages are not unpacked, by dpkg's options
// path-exclude and path-include (dpkg(1)). Its zero value keeps all.
type Filter struct{ rules []rule }

// rule is one of the two options.
type rule struct {
	include bool
	pattern *regexp.Regexp
	prefix  string // of the pattern up to its first wildcard, without slashes at its end
}

// ParseFilter reads the two options out of a file of dpkg's configuration
// (dpkg.cfg(5)), in their order, and passes over all others.
func ParseFilter(r io.Reader) (Filter, error) {
	var f Filter
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		name, glob, _ := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); name != "path-exclude" && name != "path-include" {
			continue
		}
		glob = strings.Trim(strings.TrimSpace(glob), `"`)
		if !strings.HasPrefix(glob, "/") && !strings.HasPrefix(glob, "*") {
			return Filter{}, fmt.Errorf("line %d: %s needs a pattern of absolute paths, not %q", number, name, glob)
		}
		pattern, err := regexp.Compile(fromGlob(glob))
		if err != nil {
			return Filter{}, fmt.Errorf("line %d: pattern %q: %w", number, glob, err)
		}
		prefix := glob
		if i := strings.IndexAny(glob, `*?[\`); i >= 0 {
			prefix = glob[:i]
		}
		f.rules = append(f.rules, rule{name == "path-include", pattern, strings.TrimRight(prefix, "/")})
	}
	return f, lines.Err()
}

// drops tells whether dpkg would leave the path out: the last option that
// matches decides; directories and links stay when an include may bring back
// something below them (filter_should_skip in src/main/filters.c of dpkg).
func (f Filter) drops(name string, kind byte) bool {
	full := "/" + name
	if name == "." {
		full = "/"
	}
	drop := false
	for _, r := range f.rules {
		if drop == r.include && r.pattern.MatchString(full) {
			drop = !r.include
		}
	}
	if !drop || kind != tar.TypeDir && kind != tar.TypeSymlink {
		return drop
	}
	for _, r := range f.rules {
		if r.include && strings.HasPrefix(full, r.prefix) {
			return false
		}
	}
	return true
}

// fromGlob turns a shell pattern into a regular expression of the same meaning
// as fnmatch(3) without flags: a wildcard matches slashes as well.
func fromGlob(glob string) string {
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			re.WriteString(".*")
		case '?':
			re.WriteString(".")
		case '[':
			set, length := fromSet(glob[i:])
			re.WriteString(set)
			i += length - 1
		case '\\':
			if i+1 < len(glob) {
				i++
			}
			re.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			re.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	return re.String() + `\z`
}

// fromSet turns the bracket expression at the start of glob into a character
// class and answers how many bytes it took; without an end it is a bracket.
func fromSet(glob string) (string, int) {
	start := 1
	if start < len(glob) && (glob[start] == '!' || glob[start] == '^') {
		start++
	}
	end := strings.IndexByte(glob[min(start+1, len(glob)):], ']')
	if end < 0 {
		return `\[`, 1
	}
	end += start + 1
	set := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(glob[start:end])
	if start == 2 {
		return "[^" + set + "]", end + 1
	}
	return "[" + set + "]", end + 1
}
