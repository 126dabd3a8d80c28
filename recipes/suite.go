package recipes

// Suite is a Debian release that images can be made from.
type Suite struct {
	// Name is the codename, which also names the suite's folder of files and
	// its archive keys.
	Name string
	// Version is Debian's number for the release.
	Version string
	// vars are the variables that have another value in each release.
	vars map[string]string
	// packages are what the bare base needs to be told beside its essential ones.
	packages []string
}

// defaultSuite is the release that recipes use when nothing says otherwise.
const defaultSuite = "trixie"

// publicMirror is the archive that published images name in their apt sources,
// whatever mirror built them.
const publicMirror = "http://cloudfront.debian.net"

// suites lists the releases, newest first.
func suites() []Suite { return []Suite{trixie(), bookworm()} }

// suiteNamed returns the release with the codename given.
func suiteNamed(name string) (Suite, bool) {
	for _, s := range suites() {
		if s.Name == name {
			return s, true
		}
	}
	return Suite{}, false
}

// suiteNames lists the codenames, newest first.
func suiteNames() []string {
	var names []string
	for _, s := range suites() {
		names = append(names, s.Name)
	}
	return names
}

// builtInHelp tells what the variables are for that every recipe has.
var builtInHelp = map[string]string{
	"suite":      "the release of Debian",
	"mirror":     "the archive that the image's own apt uses",
	"oar":        "the version of OAR in the release",
	"oar_series": "the series of OAR in the release, such as 2.6",
	"postgresql": "the version of PostgreSQL in the release",
	"php":        "the version of PHP in the release",
	"release":    "the tag of the release's images: latest, or oldstable",
}

// builtIn returns the variables of every recipe that is made from s.
func (s Suite) builtIn() map[string]string {
	vars := map[string]string{"suite": s.Name, "mirror": publicMirror}
	for name, value := range s.vars {
		vars[name] = value
	}
	return vars
}

// bare is the level below all recipes: the base that the archive's essential
// packages make, with what every image needs to use apt and dpkg as a container
// does, and the release's own apt sources.
func (s Suite) bare() Level {
	level := Level{
		Name:  "debian",
		Files: []Files{{From: "debian", To: "/"}, {From: s.Name, To: "/"}},
	}
	for _, name := range s.packages {
		level.Packages = append(level.Packages, Package{Name: name})
	}
	return level
}

// Names lists the codenames of all releases, newest first.
func (Suite) Names() []string { return suiteNames() }
