package layer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// triggerName is a path, or a name that is made as those of packages are: it
// becomes the name of a file beside File, Lock and Unincorp.
var triggerName = regexp.MustCompile(`^(/[^\s/]+)+$|^[a-z0-9][a-z0-9+.-]*$`)

// triggers is what dpkg knows of triggers after unpacking (deb-triggers(5)).
type triggers struct {
	interest map[string][]string // lines "package[/noawait]" by trigger, a path or a name
	activate map[string][]string // for a trigger of packages beneath: who waits, "-" for nobody
}

// findTriggers collects the interest of all packages, and what the paths of the
// new ones activate in those beneath: the new ones themselves are configured
// later, which does the work of their triggers.
func findTriggers(below, added []*contents) (triggers, error) {
	t := triggers{map[string][]string{}, map[string][]string{}}
	awaited := map[string]bool{} // triggers of packages beneath, by path: does one of them let wait?
	for i, p := range slices.Concat(below, added) {
		for _, line := range p.lines("triggers") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			directive, name, ok := strings.Cut(line, " ")
			if name = strings.TrimSpace(name); !ok || name == "" {
				return t, fmt.Errorf("package %s: trigger directive %q without a name", p.deb.Package.Name, line)
			}
			who := p.infoName()
			switch directive {
			case "interest", "interest-await":
			case "interest-noawait":
				who += "/noawait"
			case "activate", "activate-await", "activate-noawait":
				continue // dpkg activates these when it configures the package
			default:
				return t, fmt.Errorf("package %s: unknown trigger directive %q", p.deb.Package.Name, line)
			}
			if !triggerName.MatchString(name) {
				return t, fmt.Errorf("package %s: %q is no name of a trigger", p.deb.Package.Name, name)
			}
			t.interest[name] = append(t.interest[name], who)
			if i < len(below) && strings.HasPrefix(name, "/") {
				awaited[name] = awaited[name] || !strings.HasSuffix(who, "/noawait")
			}
		}
	}
	for _, p := range added {
		t.addActivations(p, awaited)
	}
	return t, nil
}

// addActivations notes which file triggers the paths of a package activate: a
// trigger on a path counts for all that is below it.
func (t triggers) addActivations(p *contents, awaited map[string]bool) {
	for trigger, await := range awaited {
		inside := strings.TrimPrefix(trigger, "/")
		if !slices.ContainsFunc(p.paths, func(e entry) bool {
			return e.name == inside || strings.HasPrefix(e.name, inside+"/")
		}) {
			continue
		}
		who := "-"
		if await {
			who = p.infoName()
		}
		if !slices.Contains(t.activate[trigger], who) {
			t.activate[trigger] = append(t.activate[trigger], who)
		}
	}
}

// files returns the contents of dpkg's folder triggers/: File has the paths,
// each name has a file of its own, Unincorp the activations to come.
func (t triggers) files() map[string]string {
	files := map[string]string{"Unincorp": ""}
	for _, name := range slices.Sorted(maps.Keys(t.interest)) {
		for _, who := range t.interest[name] {
			if strings.HasPrefix(name, "/") {
				files["File"] += name + " " + who + "\n"
			} else {
				files[name] += who + "\n"
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.activate)) {
		files["Unincorp"] += name + " " + strings.Join(t.activate[name], " ") + "\n"
	}
	return files
}
