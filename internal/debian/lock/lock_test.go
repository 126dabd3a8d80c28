package lock

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// pkg is a sound package of a test.
func pkg(name, archive string) debian.Package {
	return debian.Package{Name: name, Version: "1:1.0~rc1-1+b1", Architecture: "amd64", MultiArch: "same", Source: "src", Archive: archive,
		Filename: "pool/main/s/src/" + name + "_1.0_amd64.deb", SHA256: strings.Repeat("a", 64), Size: 123}
}

// sample is a lock with all that one can have.
func sample() *Lock {
	digest, plain := strings.Repeat("0", 64), pkg("libeatmydata1", "debian")
	plain.MultiArch = ""
	return &Lock{
		Recipe: "node", Suite: "trixie",
		Sources: []Source{{"mine", "https://apt.example.org/{x}", "stable", []string{"main", "extra"}, digest}},
		Releases: []Release{
			{"trixie", "debian", time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), digest, []Index{{"main/binary-amd64/Packages.gz", digest, 7}}},
			{"stable", "mine", time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), digest, nil},
		},
		Platforms: []Platform{
			{"linux/amd64", []Level{{"debian", nil, []debian.Package{pkg("apt", "debian")}, ""}, {"node", []string{"a", "b"}, []debian.Package{pkg("a", "debian"), pkg("b", "mine")}, ""}},
				[]debian.Package{plain}},
			{"linux/arm64", []Level{{"debian", nil, nil, ""}}, nil},
		},
	}
}

// encode writes a lock, which must not fail.
func encode(t *testing.T, l *Lock) string {
	t.Helper()
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	text := encode(t, sample())
	got, err := Decode("x", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if at := got.Platforms[0].Levels[1].At; !strings.HasPrefix(at, "x:") {
		t.Errorf("the level is at %q", at)
	}
	for i := range got.Platforms {
		for j := range got.Platforms[i].Levels {
			got.Platforms[i].Levels[j].At = ""
		}
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Errorf("got %+v", got)
	}
	if again := encode(t, got); again != text {
		t.Errorf("written again:\n%s", again)
	}
	if _, err := Decode("x", []byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		t.Errorf("with another ending of lines: %v", err)
	}
}

func TestALockIsReadByTheLine(t *testing.T) {
	t.Parallel()
	text := encode(t, sample())
	for _, line := range []string{
		`  "oarbuild-lock": 1,`,
		`          "packages": [`,
		`            {"name":"b","version":"1:1.0~rc1-1+b1","architecture":"amd64","multi-arch":"same","source":"src","archive":"mine","path":"pool/main/s/src/b_1.0_amd64.deb","sha256":"` + strings.Repeat("a", 64) + `","size":123}`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	other := sample()
	other.Platforms[0], other.Platforms[1] = other.Platforms[1], other.Platforms[0]
	other.Platforms[1].Levels[1].Asks = []string{"b", "a"}
	if encode(t, other) != text {
		t.Error("the order in memory changes the text")
	}
}

func TestALockThatIsNoneIsRefusedAtItsPlace(t *testing.T) {
	t.Parallel()
	good := encode(t, sample())
	digest := strings.Repeat("a", 64)
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, tc := range map[string]struct{ text, want, hint string }{
		"empty":              {"", "x:1: it is no lock of oarbuild", "oarbuild lock"},
		"another program's":  {"{\n\"lockfileVersion\": 3}", "x:1: it is no lock of oarbuild", "oarbuild lock"},
		"no JSON":            {"suite: trixie\n", "x:1: it is no lock of oarbuild", ""},
		"of the future":      {replace(`"oarbuild-lock": 1`, `"oarbuild-lock": 2`), "x:2: it is a lock of format 2, and this program knows format 1", "later one"},
		"cut off":            {good[:len(good)/2], "the lock ends here: it was cut off", "anew"},
		"cut at a line":      {good[:strings.Index(good, `  "platforms"`)], "the lock ends here", "anew"},
		"more behind":        {good + "{}", "there is more behind", "anew"},
		"merged badly":       {replace(`  "suite"`, "<<<<<<< ours\n  \"suite\""), "x:4: it is not JSON", "anew"},
		"an unknown field":   {replace(`"size":123`, `"size":123,"colour":"red"`), `unknown field "colour" in package`, "anew"},
		"a field twice":      {replace(`"size":123`, `"size":123,"size":123`), `field "size" is there twice in package`, "anew"},
		"a field less":       {replace(`,"size":123`, ``), `package has not all of its fields: "size" is missing`, "anew"},
		"a number for text":  {replace(`"recipe": "node"`, `"recipe": 7`), "x:3: recipe is 7, not a text", "anew"},
		"null":               {replace(`"recipe": "node"`, `"recipe": null`), "x:3: recipe is null, not a text", "anew"},
		"text for a number":  {replace(`"size":123`, `"size":"123"`), `size is "123", not a whole number`, "anew"},
		"a fraction":         {replace(`"size":123`, `"size":1.5`), `size is 1.5, not a whole number`, "anew"},
		"an object for list": {replace(`"preload": []`, `"preload": {}`), `preload is an object, not a list`, "anew"},
		"a path that climbs": {replace("pool/main/s/src/b", "pool/../../s/src/b"), "package: field Filename is", "anew"},
		"a digest that is none": {strings.Replace(good, digest, "sha256", 1),
			"package: field SHA256 is", "anew"},
		"another digest":     {strings.Replace(good, digest, strings.Repeat("b", 64), 1), "its sum is not that of its text", "anew"},
		"another version":    {replace("1:1.0~rc1", "1:1.1~rc1"), "its sum is not that of its text", "anew"},
		"no date":            {replace("2026-03-01T10:00:00Z", "yesterday"), `release: date "yesterday" is none`, "anew"},
		"no such Multi-Arch": {replace(`"multi-arch":"same"`, `"multi-arch":"some"`), `package: field Multi-Arch is "some"`, "anew"},
		"a package twice":    {replace(`{"name":"b"`, `{"name":"a"`), "package: a is there twice", "anew"},
		"a platform twice":   {replace("linux/arm64", "linux/amd64"), "linux/amd64 has no levels, or is there twice", "anew"},
		"an archive unread":  {replace(`"archive":"mine","path"`, `"archive":"other","path"`), `package b is of archive "other", which no release is of`, "anew"},
	} {
		_, err := Decode("x", []byte(tc.text))
		if err == nil || !strings.HasPrefix(err.Error(), "x:") || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint(err), tc.hint) {
			t.Errorf("%s: got %v, hint %q", name, err, hint(err))
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", name, err)
		}
	}
}

// hint returns the hint that a user would see with err.
func hint(err error) string {
	var out bytes.Buffer
	ui.Report(ui.Streams{Err: &out}, "p", errors.Join(err))
	_, text, _ := strings.Cut(out.String(), "p: hint: ")
	return strings.TrimSpace(text)
}

func TestEveryByteThatIsLostIsNoticed(t *testing.T) {
	t.Parallel()
	good := encode(t, sample())
	for i := range len(good) - 1 {
		if _, err := Decode("x", []byte(good[:i]+good[i+1:])); err == nil {
			t.Fatalf("byte %d, %q, is missing, and nobody noticed", i, good[i])
		}
		if _, err := Decode("x", []byte(good[:i])); err == nil {
			t.Fatalf("cut at byte %d, and nobody noticed", i)
		}
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for recipe, want := range map[string]string{
		"recipes/base.yaml": "recipes/base.trixie.lock.json",
		"/a/b.c/mine":       "/a/b.c/mine.trixie.lock.json",
		"shipped:node.yaml": "node.trixie.lock.json",
	} {
		if got := FileName(recipe, "trixie"); got != want {
			t.Errorf("%s: got %s", recipe, got)
		}
	}
}

func TestPackagesOfAPlatform(t *testing.T) {
	t.Parallel()
	l := sample()
	if got := l.Platform("linux/amd64").Packages(); len(got) != 4 || got[3].Name != "libeatmydata1" {
		t.Errorf("got %v", got)
	}
	if l.Platform("linux/s390x") != nil {
		t.Error("found a platform that is not there")
	}
}

// TestPlatformsOfDifferentDays: a state that two platforms share is there once,
// and each platform finds its own, in the order of the suites.
func TestPlatformsOfDifferentDays(t *testing.T) {
	t.Parallel()
	release := func(suite, state, arch string) Release {
		return Release{Suite: suite, Archive: "debian", SHA256: strings.Repeat(state, 64), Indexes: []Index{{Path: "main/binary-" + arch + "/Packages", SHA256: strings.Repeat(state, 64)}}}
	}
	states := func(releases []Release) string {
		var text []string
		for _, r := range releases {
			text = append(text, r.Suite+" "+r.SHA256[:1])
		}
		return strings.Join(text, ", ")
	}
	level := []Level{{Name: "debian"}}
	l := &Lock{Recipe: "x", Suite: "trixie"}
	l.Add(Platform{Name: "linux/amd64", Levels: level}, []Release{release("trixie", "a", "amd64"), release("trixie-updates", "b", "amd64")})
	l.Add(Platform{Name: "linux/arm64", Levels: level}, []Release{release("trixie", "c", "arm64"), release("trixie-updates", "b", "arm64")})
	if got := states(l.Releases); got != "trixie a, trixie c, trixie-updates b" {
		t.Errorf("got %s", got)
	}
	for arch, want := range map[string]string{"amd64": "trixie a, trixie-updates b", "arm64": "trixie c, trixie-updates b", "s390x": ""} {
		got := l.ReleasesFor(arch)
		if states(got) != want {
			t.Errorf("%s: got %s", arch, states(got))
		}
		for _, r := range got {
			if len(r.Indexes) != 1 || !strings.Contains(r.Indexes[0].Path, arch) {
				t.Errorf("%s: got %v", arch, r.Indexes)
			}
		}
	}
	if _, err := Decode("x", []byte(encode(t, l))); err != nil {
		t.Error(err)
	}
	l.Releases[1].Indexes = l.Releases[0].Indexes
	if _, err := Decode("x", []byte(encode(t, l))); err == nil || !strings.Contains(err.Error(), "Packages of suite trixie is there twice") {
		t.Errorf("two states for one platform: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	text, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"oarbuild-lock": 1, "platforms": [[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Decode("x", data)
		if err != nil {
			return
		}
		if _, err := l.Encode(); err != nil {
			t.Error(err)
		}
	})
}
