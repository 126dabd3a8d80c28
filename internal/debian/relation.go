package debian

import (
	"fmt"
	"strings"
)

// Relation is one alternative of a relation field (policy 7.1): a package name
// with what its architecture and its version must be.
type Relation struct {
	Name      string
	Qualifier string   // architecture after the colon: "any", "native", "amd64", … or ""
	Operator  string   // "<<", "<=", "=", ">=", ">>", or "" when any version will do
	Version   string   // "" when any version will do
	Archs     []string // of the list in brackets, the "!" with each; nil without a list
}

// ParseRelations reads a relation field: what must all hold, each a list of
// alternatives. An empty field holds nothing. Build profiles, "<…>", are an
// error, for they stand in source packages only (policy 7.1).
func ParseRelations(field string) ([][]Relation, error) {
	var all [][]Relation
	for rest, more := field, strings.TrimSpace(field) != ""; more; {
		var group string
		group, rest, more = strings.Cut(rest, ",")
		if strings.TrimSpace(group) == "" {
			if strings.TrimSpace(rest) == "" && len(all) > 0 {
				return all, nil // one comma at the end does no harm to dpkg
			}
			return nil, fmt.Errorf("reading relations %q: nothing between two commas", clip(field))
		}
		var alternatives []Relation
		for alternative := range strings.SplitSeq(group, "|") {
			relation, err := parseRelation(strings.TrimSpace(alternative))
			if err != nil {
				return nil, fmt.Errorf("reading relation %q: %w", strings.TrimSpace(alternative), err)
			}
			alternatives = append(alternatives, relation)
		}
		all = append(all, alternatives)
	}
	return all, nil
}

// parseRelation reads one alternative, without white space around it.
func parseRelation(text string) (r Relation, err error) {
	end := strings.IndexAny(text, " \t\n([")
	if end < 0 {
		end = len(text)
	}
	name, qualifier, qualified := strings.Cut(text[:end], ":")
	if !validPackageName(name) {
		return r, fmt.Errorf("%q is not a package name", name)
	}
	if qualified && !validArch(qualifier) {
		return r, fmt.Errorf("%q is not an architecture", qualifier)
	}
	r.Name, r.Qualifier = name, qualifier
	rest := strings.TrimSpace(text[end:])
	if inside, after, found := enclosed(rest, "(", ")"); found {
		if r.Operator, r.Version, err = parseVersion(inside); err != nil {
			return r, err
		}
		rest = after
	}
	if inside, after, found := enclosed(rest, "[", "]"); found {
		if r.Archs, err = parseArchs(inside); err != nil {
			return r, err
		}
		rest = after
	}
	if rest != "" {
		return r, fmt.Errorf("unexpected %q", rest)
	}
	return r, nil
}

// enclosed splits text that starts with left at the next right.
func enclosed(text, left, right string) (inside, after string, found bool) {
	if !strings.HasPrefix(text, left) {
		return "", text, false
	}
	inside, after, found = strings.Cut(text[len(left):], right)
	return strings.TrimSpace(inside), strings.TrimSpace(after), found
}

// parseVersion reads what stands between the parentheses. The operators "<"
// and ">" of old mean "<=" and ">=", as they do for dpkg.
func parseVersion(text string) (operator, version string, err error) {
	end := strings.IndexFunc(text, func(c rune) bool { return !strings.ContainsRune("<=>", c) })
	if end < 0 {
		end = len(text)
	}
	operator, version = text[:end], strings.TrimSpace(text[end:])
	switch operator {
	case "<", ">":
		operator += "="
	case "<<", "<=", "=", ">=", ">>":
	default:
		return "", "", fmt.Errorf("%q is not a version operator", operator)
	}
	if version == "" || strings.ContainsAny(version, " \t\n()[]<>,|") {
		return "", "", fmt.Errorf("%q is not a version", version)
	}
	return operator, version, nil
}

// parseArchs reads what stands between the brackets: architectures, all of
// them or none with a "!" (policy 7.1).
func parseArchs(text string) ([]string, error) {
	archs := strings.Fields(text)
	if len(archs) == 0 {
		return nil, fmt.Errorf("empty architecture list")
	}
	for _, arch := range archs {
		if !validArch(strings.TrimPrefix(arch, "!")) || (arch[0] == '!') != (archs[0][0] == '!') {
			return nil, fmt.Errorf("%q is not a list of architectures", text)
		}
	}
	return archs, nil
}

// validArch tells whether arch has the form of an architecture's name.
func validArch(arch string) bool {
	for i := range len(arch) {
		c := arch[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return arch != ""
}

// String writes the relation as it stands in a control file.
func (r Relation) String() string {
	text := r.Name
	if r.Qualifier != "" {
		text += ":" + r.Qualifier
	}
	if r.Operator != "" {
		text += " (" + r.Operator + " " + r.Version + ")"
	}
	if r.Archs != nil {
		text += " [" + strings.Join(r.Archs, " ") + "]"
	}
	return text
}

// clip shortens what a message quotes.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
