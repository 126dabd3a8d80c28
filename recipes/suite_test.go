package recipes

import "testing"

// The versions are facts of Debian's archive: rmadison oar, postgresql, php.
func TestSuites(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, version, oar, series, postgresql, php, release string }{
		{"trixie", "13", "2.6.1", "2.6", "17", "8.4", "latest"},
		{"bookworm", "12", "2.5.9", "2.5", "15", "8.2", "oldstable"},
	} {
		s, ok := suiteNamed(tc.name)
		vars := s.builtIn()
		if !ok || s.Version != tc.version || vars["oar"] != tc.oar || vars["postgresql"] != tc.postgresql || vars["php"] != tc.php {
			t.Errorf("%s: got %+v", tc.name, s)
		}
		if vars["oar_series"] != tc.series || vars["release"] != tc.release {
			t.Errorf("%s: the tags are %q and %q", tc.name, vars["oar_series"], vars["release"])
		}
		if vars["suite"] != tc.name || vars["mirror"] != publicMirror {
			t.Errorf("%s: got suite %q and mirror %q", tc.name, vars["suite"], vars["mirror"])
		}
	}
	if len(suites()) != 2 {
		t.Errorf("got %d suites, want 2", len(suites()))
	}
	if _, ok := suiteNamed("sid"); ok {
		t.Error("sid is a suite")
	}
	if _, ok := suiteNamed(defaultSuite); !ok {
		t.Errorf("the default suite %s is none", defaultSuite)
	}
}
