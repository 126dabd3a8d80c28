// Package grammar is the table of all keys that a recipe may have: what each
// holds, what its values must match, and what it is for. The decoder of package
// recipes, the JSON Schema for editors and the reference in docs/recipe.md are
// made from it, so that they cannot disagree.
//
// The package is pure: it is a table and what can be printed of it.
//
//go:generate go test -run TestTheManualHasTheReference . -update
package grammar

import (
	"regexp"
	"slices"
)

// Value says what a value may be. Where several fields are set, each of them is
// a way to write it.
type Value struct {
	Text   *Text
	List   *Value
	Map    *Map
	Object *Object
}

// Text is a scalar.
type Text struct {
	// What names it in messages, such as "package".
	What string
	// Say tells what it must be.
	Say string
	// Rule must match, and Values must hold it; without them all texts are good.
	Rule   *regexp.Regexp
	Values []string
	// Number tells readers of the reference that it is one.
	Number bool
	// Script has the shell's own ${…} beside the recipe's.
	Script bool
	// Fixed takes no variables, for it is read before they are known.
	Fixed bool
}

// Allows reports whether a text may have this value, whose variables have been
// replaced.
func (t *Text) Allows(value string) bool {
	return (t.Rule == nil || t.Rule.MatchString(value)) && (t.Values == nil || slices.Contains(t.Values, value))
}

// Map is a mapping whose keys are the user's.
type Map struct {
	Key   *Text
	Value Value
}

// Object is a mapping with known keys.
type Object struct {
	// Name is how messages and the schema call it, Title how the reference does when
	// that is not its key.
	Name, Title string
	// Whole marks one that is a document: messages do not say where its keys are.
	Whole bool
	// Included marks a document that is part of another one: messages do say that a
	// key is in it, and its keys are in the reference of the other.
	Included bool
	// Help introduces it in the reference.
	Help string
	Keys []Key
	// One lists keys of which exactly one is given, Say what to write else.
	One []string
	Say string
}

// Key is a key of an object.
type Key struct {
	Name string
	// Help tells what it is for, in Markdown.
	Help     string
	Required bool
	// Merge tells what becomes of it along the chain and over includes.
	Merge string
	Value Value
}

// Names lists the object's keys, sorted.
func (o *Object) Names() []string {
	var names []string
	for _, k := range o.Keys {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return names
}

// Key returns the key of that name, nil when there is none.
func (o *Object) Key(name string) *Key {
	for i := range o.Keys {
		if o.Keys[i].Name == name {
			return &o.Keys[i]
		}
	}
	return nil
}
