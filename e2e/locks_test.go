//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clone is a repository with one lock, and one beside it that it is pushed to.
func clone(t *testing.T, age time.Duration) call {
	t.Helper()
	return cloneOf(t, "recipes/x.yaml", age)
}

// cloneOf is a clone whose recipe, with a lock beside it, is at a path.
func cloneOf(t *testing.T, recipe string, age time.Duration) call {
	t.Helper()
	dir := t.TempDir()
	when := time.Now().Add(-age).Format(time.RFC3339)
	c := call{dir: filepath.Join(dir, "mine"), env: []string{"GIT_AUTHOR_DATE=" + when, "GIT_COMMITTER_DATE=" + when, "GIT_CONFIG_GLOBAL=/dev/null"}}
	call{dir: dir}.must(t, "git", "init", "-q", "--bare", "theirs")
	call{dir: dir}.must(t, "git", "clone", "-q", "theirs", "mine")
	put(t, filepath.Join(c.dir, recipe), "name: x\nfrom: {debian: trixie}\n")
	if err := os.Symlink(program(t, ".."), filepath.Join(c.dir, "root")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("root/bin", filepath.Join(c.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	c.lock(t, recipe)
	c.must(t, "git", "add", filepath.Dir(recipe))
	c.must(t, "git", "-c", "user.name=me", "-c", "user.email=me@localhost", "commit", "-qm", "first")
	c.must(t, "git", "push", "-q")
	c.env = []string{"GIT_CONFIG_GLOBAL=/dev/null"}
	return c
}

func (c call) lock(t *testing.T, recipe string) {
	t.Helper()
	c.must(t, "oarbuild", "lock", "--no-fetch", "--platform", "linux/amd64", "--recipe", recipe)
}

// script runs one of the scripts of e2e in the clone.
func (c call) script(t *testing.T, name string) result {
	t.Helper()
	return c.run(t, "sh", filepath.Join("root", "e2e", name))
}

// TestLocksAreKept: locks whose packages differ must be committed and pushed at
// once, and others when the last commit is old, so that no host finds the
// repository asleep.
func TestLocksAreKept(t *testing.T) {
	for _, tc := range []struct {
		name, recipe, says string
		age                time.Duration
		commits            string
	}{
		{"nothing new", "", "nothing has changed", 0, "1"},
		{"the same packages", "name: renamed\nfrom: {debian: trixie}\n", "the packages are the same", 0, "1"},
		{"the same packages after a long time", "name: renamed\nfrom: {debian: trixie}\n", "committed", 31 * 24 * time.Hour, "2"},
		{"a package more", "name: x\nfrom: {debian: trixie}\npackages: [ed]\n", "committed", 0, "2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := clone(t, tc.age)
			if tc.recipe != "" {
				put(t, filepath.Join(c.dir, "recipes", "x.yaml"), tc.recipe)
				c.lock(t, "recipes/x.yaml")
			}
			r := c.script(t, "keep-locks.sh")
			if r.code != 0 || !strings.Contains(r.err, tc.says) {
				t.Errorf("got %+v, want %q", r, tc.says)
			}
			if got := c.must(t, "git", "rev-list", "--count", "@{upstream}"); got != tc.commits {
				t.Errorf("%s commits are theirs, want %s", got, tc.commits)
			}
		})
	}
}

// TestLocksOfOtherRecipes: whoever has the recipes elsewhere says so in RECIPES,
// and their locks must be kept and grow stale there.
func TestLocksOfOtherRecipes(t *testing.T) {
	c := cloneOf(t, "ours/x.yaml", 46*24*time.Hour)
	if r := c.script(t, "keep-locks.sh"); r.code != 1 || !strings.Contains(r.err, "no recipe has a lock") {
		t.Errorf("keeping without RECIPES: got %+v", r)
	}
	c.env = append(c.env, "RECIPES=ours/*.yaml")
	if r := c.script(t, "stale.sh"); r.code != 1 || !strings.Contains(r.err, "the locks are 46 days old") {
		t.Errorf("46 days: got %+v", r)
	}
	put(t, filepath.Join(c.dir, "ours", "x.yaml"), "name: x\nfrom: {debian: trixie}\npackages: [ed]\n")
	put(t, filepath.Join(c.dir, "ours", "unlocked.yaml"), "name: unlocked\nfrom: {debian: trixie}\n")
	c.lock(t, "ours/x.yaml")
	if r := c.script(t, "keep-locks.sh"); r.code != 0 || !strings.Contains(r.err, "committed") {
		t.Errorf("keeping: got %+v", r)
	}
	if r := c.script(t, "stale.sh"); r.code != 0 || !strings.Contains(r.err, "the locks are 0 days old") {
		t.Errorf("renewed: got %+v", r)
	}
}

// TestStaleLocksAreAnAlarm: locks that nobody renewed must fail the check that
// runs with every push.
func TestStaleLocksAreAnAlarm(t *testing.T) {
	if r := clone(t, 44*24*time.Hour).script(t, "stale.sh"); r.code != 0 || !strings.Contains(r.err, "44 days old") {
		t.Errorf("44 days: got %+v", r)
	}
	r := clone(t, 46*24*time.Hour).script(t, "stale.sh")
	if r.code != 1 || !strings.Contains(r.err, "stale: error: the locks are 46 days old") || !strings.Contains(r.err, "stale: hint: ") {
		t.Errorf("46 days: got %+v", r)
	}
	for age, code := range map[int]int{44: 0, 46: 1} {
		c := clone(t, time.Duration(age)*24*time.Hour)
		c.env = append(c.env, "RECIPES=recipes/unlocked.yaml")
		if r := c.script(t, "stale.sh"); r.code != code || !strings.Contains(r.err, "no night has written locks") {
			t.Errorf("a repository of %d days without locks: got %+v", age, r)
		}
	}
}
