package mirror

import (
	"testing"
	"testing/fstest"
)

const modern = `# comment
Types: deb deb-src
# another
URIs: http://one.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://two.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`

func TestFromApt(t *testing.T) {
	t.Parallel()
	const debianRelease = "NAME=x\nID=debian\n"
	public := At(Default).Security
	for _, tc := range []struct {
		name, release, list, sources string
		debian, security             string
	}{
		{"deb822", debianRelease, "", modern, "http://one.example/debian", "http://two.example/debian-security"},
		{"one line", debianRelease, "deb http://one.example/debian trixie main # comment\ndeb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://two.example/security/ trixie-security main\n", "",
			"http://one.example/debian", "https://two.example/security"},
		{"no security", debianRelease, "deb http://one.example/debian sid main\n", "", "http://one.example/debian", public},
		{"Debian's own keys first", debianRelease, "deb http://other.example/debian bookworm main\n", modern, "http://one.example/debian", "http://two.example/debian-security"},
		{"somebody else's keys", debianRelease, "deb [signed-by=/x/runner.gpg] http://other.example/debian bookworm main\n", "", "", public},
		{"another suite", debianRelease, "deb http://other.example/debian bookworm-pgdg main\n", "", "", public},
		{"another component", debianRelease, "deb http://other.example/debian bookworm stable\n", "", "", public},
		{"another way", debianRelease, "deb cdrom:[x]/ bookworm main\ndeb mirror+file:/etc/m bookworm main\ndeb-src http://x/debian bookworm main\n", "", "", public},
		{"disabled", debianRelease, "", "Enabled: no\n" + modern[10:], "", "http://two.example/debian-security"},
		{"broken", debianRelease, "deb\ndeb [\n", "nonsense\n", "", public},
		{"another system", "ID=ubuntu\nID_LIKE=debian\n", "", modern, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root := fstest.MapFS{
				"etc/os-release":                        {Data: []byte(tc.release)},
				"etc/apt/sources.list":                  {Data: []byte(tc.list)},
				"etc/apt/sources.list.d/debian.sources": {Data: []byte(tc.sources)},
			}
			source, ok := fromApt(root, "")
			if source.Debian != tc.debian || source.Security != tc.security || ok != (tc.debian != "") || source.AllowStale {
				t.Errorf("got %+v, %v", source, ok)
			}
		})
	}
}

func TestDatesUnchecked(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]bool{
		"": false,
		"Acquire::Check-Valid-Until \"false\";\n": true,
		"A \"1\";\nAcquire::Check-Date \"0\";\n":  true,
		"Acquire::Check-Valid-Until \"true\";\n":  false,
		"Acquire::Check-Valid-Until-Max \"0\";\n": false,
	} {
		if got := datesUnchecked(config); got != want {
			t.Errorf("%q: got %v", config, got)
		}
	}
}
