package pkgdiff

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// before and after are two states of two platforms.
var (
	before = []Set{
		{"linux/arm64", []Package{{"same", "1", "arm64", "aa"}}},
		{"linux/amd64", []Package{
			{"same", "1", "amd64", "aa"}, {"up", "1:1~rc1", "amd64", ""}, {"down", "2", "all", ""},
			{"gone", "3", "amd64", ""}, {"again", "4", "amd64", "aa"}, {"unknown", "4", "amd64", ""}, {"moved", "5", "all", ""},
		}},
	}
	after = []Set{
		{"linux/amd64", []Package{
			{"same", "1", "amd64", "aa"}, {"up", "1:1", "amd64", ""}, {"down", "1", "all", ""},
			{"come", "1+b1", "amd64", ""}, {"again", "4", "amd64", "bb"}, {"unknown", "4", "amd64", "bb"}, {"moved", "5", "amd64", ""},
		}},
		{"linux/arm64", []Package{{"same", "1", "arm64", "aa"}}},
	}
)

func TestCompareTellsWhatBecameOfEachPackage(t *testing.T) {
	t.Parallel()
	want := Report{
		{"linux/amd64", []Change{
			{Rebuilt, "again", "amd64", "4", "4"},
			{Added, "come", "amd64", "", "1+b1"},
			{Downgraded, "down", "all", "2", "1"},
			{Removed, "gone", "amd64", "3", ""},
			{Rebuilt, "moved", "amd64", "5", "5"},
			{Upgraded, "up", "amd64", "1:1~rc1", "1:1"},
		}},
		{"linux/arm64", []Change{}},
	}
	if got := Compare(before, after); !reflect.DeepEqual(got, want) || got.Empty() {
		t.Errorf("got %+v", got)
	}
	if same := Compare(after, after); !same.Empty() || len(same) != 2 {
		t.Errorf("with itself: got %+v", same)
	}
}

func TestAPlatformThatIsInOneAlone(t *testing.T) {
	t.Parallel()
	got := Compare(nil, after[1:])
	if want := (Report{{"linux/arm64", []Change{{Added, "same", "arm64", "", "1"}}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := Compare(after[1:], nil); got[0].Changes[0].Kind != Removed {
		t.Errorf("got %+v", got)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Compare(before, after).Text(&out); err != nil {
		t.Fatal(err)
	}
	const want = `linux/amd64: 1 added, 1 removed, 1 upgraded, 1 downgraded, 2 rebuilt
  rebuilt     again  4
  added       come   1+b1
  downgraded  down   2 -> 1
  removed     gone   3
  rebuilt     moved  5
  upgraded    up     1:1~rc1 -> 1:1
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	if err := Compare(before, after).Text(broken{}); err == nil {
		t.Error("an error was lost")
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Compare(nil, after[1:]).JSON(&out); err != nil {
		t.Fatal(err)
	}
	const want = `[
  {
    "title": "linux/arm64",
    "changes": [
      {
        "kind": "added",
        "name": "same",
        "architecture": "arm64",
        "to": "1"
      }
    ]
  }
]
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	out.Reset()
	if err := Compare(nil, nil).JSON(&out); err != nil || out.String() != "[]\n" {
		t.Errorf("nothing: got %q, %v", out.String(), err)
	}
}

// broken is a stream that takes nothing.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }
