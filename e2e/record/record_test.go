package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The recording is what asciinema plays, small, and tells nothing of where it was made.
func TestTheRecording(t *testing.T) {
	t.Parallel()
	text := read(t, "../../docs/oardeploy.cast")
	c, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 300_000 || string(c.bytes()) != text {
		t.Errorf("%d bytes; the same as what was read: %v", len(text), string(c.bytes()) == text)
	}
	seen, all := newScreen(c.header.Width, 500), ""
	for _, e := range c.events {
		all += e.text
	}
	seen.write(all)
	for _, turn := range scene {
		if !strings.Contains(seen.String(), turn.typed) {
			t.Errorf("nobody typed %q", turn.typed)
		}
	}
	for _, want := range []string{"✓ ready after ", "API         http://localhost:", "[job ", "docker@node1:~$ hostname\nnode1\n", "Alive", "network oarcluster removed"} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("it does not show %q:\n%s", want, seen)
		}
	}
	if kernel := regexp.MustCompile(`Linux \S+ \d.*`).FindString(seen.String()); kernel != "" {
		t.Errorf("it shows the kernel: %s", kernel)
	}
	for _, path := range regexp.MustCompile(`(^|[\s"'])(/[a-z][^\s"':]*)`).FindAllStringSubmatch(seen.String(), -1) {
		if !strings.HasPrefix(path[2], "/tmp/demo/") && !strings.HasPrefix(path[2], "/tmp/oarcluster/") {
			t.Errorf("it shows the path %s", path[2])
		}
	}
}

// The picture is drawn from the recording, and the README shows it to who cannot see, too.
func TestThePicture(t *testing.T) {
	t.Parallel()
	c, err := parse([]byte(read(t, "../../docs/oardeploy.cast")))
	if err != nil {
		t.Fatal(err)
	}
	svg := read(t, "../../docs/oardeploy.svg")
	if svg != draw(c) || len(svg) > 300_000 {
		t.Errorf("%d bytes; drawn from the recording: %v (make picture draws it)", len(svg), svg == draw(c))
	}
	wellFormed(t, svg)
	if !regexp.MustCompile(`!\[[^\]]{40,}\]\(docs/oardeploy\.svg\)`).MatchString(read(t, "../../README.md")) {
		t.Error("the README does not show the picture, with words for who cannot see it")
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecordingsThatAreNone(t *testing.T) {
	t.Parallel()
	const good = `{"version":2,"width":80,"height":24}` + "\n"
	for text, want := range map[string]string{
		"":                                     "empty",
		"x":                                    "line 1",
		`{"version":1,"width":80,"height":24}`: "no header of version 2",
		good + `[1,"o","a"]` + "\n[0.5,\"o\",\"\"]": "line 3",
		good + `[1,"i","a"]`:                        "line 2",
		good + `["1","o","a"]`:                      "line 2",
		good + `[1,"o"]`:                            "line 2",
		good + `{`:                                  "line 2",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// What programs write, and what a terminal of 10 × 4 shows then; | is the cursor.
func TestScreen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ written, shown, line string }{
		"lines":            {"one\r\ntwo", "one\ntwo\n", "two"},
		"a wide one":       {"0123456789a", "0123456789\na\n", "a"},
		"a full one":       {"0123456789\r\na", "0123456789\na\n", "a"},
		"scrolling":        {"a\r\nb\r\nc\r\nd\r\ne", "b\nc\nd\ne\n", "e"},
		"a line redrawn":   {"pulling\r\x1b[Kdone", "done\n", "done"},
		"a word erased":    {"abc\b \b", "ab\n", "ab"},
		"colours":          {"\x1b[1;38;5;208mred\x1b[0m", "red\n", "red"},
		"a title":          {"\x1b]0;title\x07\x1b]0;title\x1b\\\x1b[?2004h$ ", "$\n", "$ "},
		"a tab":            {"a\tb", "a       b\n", "a       b"},
		"moves":            {"\x1b[2;3Hx\x1b[Ay\x1b[2Dz\x1b[Gw\x1b[Bv\x1b[Cu", "w zy\n vxu\n", " vxu"},
		"cleared":          {"abc\r\ndef\x1b[H\x1b[J", "\n", ""},
		"all cleared":      {"abc\r\ndef\x1b[2Jg", "\n   g\n", "   g"},
		"cleared before":   {"abc\r\ndef\x1b[1J\x1b[1K", "\n", "   "},
		"deleted":          {"abcdef\r\x1b[2P", "cdef\n", ""},
		"inserted":         {"abc\r\x1b[2@", "  abc\n", ""},
		"a split sequence": {"\x1b[3", "\n", ""},
	} {
		s := newScreen(10, 4)
		for _, r := range tc.written {
			s.write(string(r))
		}
		if s.String() != tc.shown || s.line() != tc.line {
			t.Errorf("%s: shows %q with the cursor after %q, want %q after %q", name, s, s.line(), tc.shown, tc.line)
		}
	}
}

// A picture has each row once, and its colours; what is typed at once is one frame.
func TestDraw(t *testing.T) {
	t.Parallel()
	c := cast{header: header{Version: 2, Width: 20, Height: 3, Title: "a < b"}, events: []event{
		{0, "$ "}, {1, "l"}, {1.01, "s"}, {2, "\r\n\x1b[31mred\x1b[0m \x1b[1mbold\x1b[0m \x1b[7minverse\x1b[0m"}, {3, "\x1b[48;5;232m<&>"},
	}}
	svg := draw(c)
	wellFormed(t, svg)
	for want, times := range map[string]int{
		`<g transform="translate(`: 4, `>ls</text>`: 1, `fill="#ff7b72">red</text>`: 2, `font-weight="bold">bold<`: 2,
		`<use href="#r1" y="0"/>`: 3, `&lt;&amp;&gt;`: 1, `fill="#080808"`: 1, "<title>a &lt; b</title>": 1, "animation:play 7.00s": 1,
	} {
		if got := strings.Count(svg, want); got != times {
			t.Errorf("%q is there %d times, want %d:\n%s", want, got, times, svg)
		}
	}
	for number, want := range map[int]string{0: "", 1: "#484f58", 17: "#000000", 232: "#ffffff", 209: "#ff8700", 256: "#eeeeee", 300: ""} {
		if got := colour(number); got != want {
			t.Errorf("colour %d is %q, want %q", number, got, want)
		}
	}
}
