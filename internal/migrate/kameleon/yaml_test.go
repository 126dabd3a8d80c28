package kameleon

import (
	"strings"
	"testing"
)

func TestScalarsStayAsWritten(t *testing.T) {
	t.Parallel()
	n, err := decode("x.yaml", []byte("\ufeffa: 0440\r\nb: 3.10\nc: true\nd: .inf\ne: 1e3\nf: ~\ng: 'x y'\nh: >\n  a\n  b\ni: |\n  a\n  b\nj: \"\\t\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": "0440", "b": "3.10", "c": "true", "d": ".inf", "e": "1e3", "f": "", "g": "x y", "h": "a b\n", "i": "a\nb\n", "j": "\t"} {
		if got := n.get(key); got == nil || got.text != want {
			t.Errorf("%s: got %+v, want %q", key, got, want)
		}
	}
	if n.get("k") != nil {
		t.Error("there is a key k")
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	n, err := decode("d/x.yaml", []byte("# one\n\na:\n  - b\n  - c: d\n"))
	if err != nil {
		t.Fatal(err)
	}
	list := n.get("a").list
	if len(list) != 2 || list[0].at != "d/x.yaml:4" || list[1].get("c").at != "d/x.yaml:5" {
		t.Errorf("got %+v and %+v", list[0], list[1])
	}
}

func TestAnchorsAreWhatTheyName(t *testing.T) {
	t.Parallel()
	n, err := decode("x.yaml", []byte("a: &a [1, 2]\nb: *a\nc: {d: *a}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := n.get("c").get("d").String(); got != "1 2" || n.get("b").String() != got {
		t.Errorf("got %q", got)
	}
}

func TestTheLastOfKeysGivenTwiceHolds(t *testing.T) {
	t.Parallel()
	n, err := decode("x.yaml", []byte("a: 1\nb: 2\na: 3\n"))
	if err != nil || len(n.keys) != 2 || n.get("a").text != "3" {
		t.Errorf("got %+v, %v", n, err)
	}
}

// A key given twice may hold its first value by an anchor.
func TestAKeyGivenTwiceMakesNoCircle(t *testing.T) {
	t.Parallel()
	n, err := decode("x.yaml", []byte("{a: &x {q: 1}, a: {k: *x}, b: *x}"))
	if err != nil || n.get("a").get("k").get("q").text != "1" || n.get("b").get("q").text != "1" || n.size() > 10 {
		t.Errorf("got %+v, %v", n, err)
	}
}

func TestOnlyTheFirstDocumentIsRead(t *testing.T) {
	t.Parallel()
	n, err := decode("x.yaml", []byte("---\na: 1\n---\na: 2\n"))
	if err != nil || n.get("a").text != "1" {
		t.Errorf("got %+v, %v", n, err)
	}
}

func TestSingleKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a": "a ", "a: b": "a b", "a: [b, c]": "a b c", "a:": "a ", "{a: 1, b: 2}": "-", "[a]": "-"} {
		n, err := decode("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		key, value, ok := n.single()
		got := "-"
		if ok {
			got = key + " " + value.String()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestAChildsVariableMayContainItsParents(t *testing.T) {
	t.Parallel()
	vars := func(text string) map[string]*node {
		n, err := decode("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]*node{}
		for _, e := range n.keys {
			all[e.key] = e.value
		}
		return all
	}
	parent := vars("a: 1\nb: 2\nc: [x, y]\nab: 9\n")
	child := vars("a: $${a}0 $$a $${ab} $$ab\nb: 3\nc: $${c} z\nd: $${a}\n")
	got := over(parent, child)
	for name, want := range map[string]string{"a": "10 1 $${ab} $$ab", "b": "3", "c": "x y z", "d": "$${a}", "ab": "9"} {
		if got[name].String() != want {
			t.Errorf("%s: got %q, want %q", name, got[name].String(), want)
		}
	}
	if parent["a"].text != "1" || !strings.HasPrefix(child["a"].text, "$${a}") {
		t.Error("what was merged has changed")
	}
}

func TestExpansion(t *testing.T) {
	t.Parallel()
	near := map[string]*node{"a": {kind: scalar, text: "near"}}
	far := map[string]*node{"a": {kind: scalar, text: "far"}, "b-c_1": {kind: scalar, text: "<$${a}>"}, "none": {}}
	for text, want := range map[string]string{
		"":                  "",
		"$a ${a} $(a) $$":   "$a ${a} $(a) $$",
		"$${a}$${a}":        "nearnear",
		"x$$a y":            "xnear y",
		"$${b-c_1}":         "<near>",
		"[$${none}]":        "[]",
		"$$$${a}":           "$$near",
		"$${a b} $${} $${a": "$${a b} $${} $${a",
	} {
		got, err := scope{near, far}.expand(text, "x.yaml:1")
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}
