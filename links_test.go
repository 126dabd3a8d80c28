package oarcluster_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// link matches the target of a link in Markdown, without its anchor.
	link = regexp.MustCompile(`\]\(([^()#\s]*)(#[^()\s]*)?\)`)
	// heading matches a heading.
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	// unanchored is what anchors leave out of headings.
	unanchored = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors lists the anchors of a page, as hosts of repositories make them.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		all["#"+strings.ReplaceAll(unanchored.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")] = true
	}
	return all
}

// TestLinksOfTheManual: whoever follows a link of the manual must get somewhere.
func TestLinksOfTheManual(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "README.md") {
		text := read(t, page)
		for _, l := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(l[1], "://") {
				continue
			}
			target := page
			if l[1] != "" {
				target = filepath.Join(filepath.Dir(page), l[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s: %v", page, l[0], err)
			} else if l[2] != "" && !anchors(read(t, target))[l[2]] {
				t.Errorf("%s: %s: no such heading", page, l[0])
			}
		}
	}
}

// TestTheManualListsItsPages: a page that no list names is not found.
func TestTheManualListsItsPages(t *testing.T) {
	list := read(t, "docs/README.md")
	pages, _ := filepath.Glob("docs/*.md")
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(list, "]("+name+")") {
			t.Errorf("docs/README.md has no link to %s", name)
		}
	}
}

// TestTheManualNamesEveryRoom: a folder is found through the table of rooms.
func TestTheManualNamesEveryRoom(t *testing.T) {
	const page = "docs/rooms.md"
	text := read(t, page)
	rooms, _ := filepath.Glob("internal/*")
	for _, room := range append(rooms, "cmd/oarbuild", "cmd/oardeploy", "e2e", "recipes", "llb", "configs", "keys") {
		if !strings.Contains(text, "["+room+"](../"+room+")") {
			t.Errorf("%s does not name %s", page, room)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
