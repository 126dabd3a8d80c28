package oardocker

import (
	"strings"
	"testing"
)

func TestWhatADockerfileHasAndRecipesDoNot(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"FROM debian:buster": "FROM debian:buster",
		"FROM ubuntu":        "FROM ubuntu",
		"FROM debian:trixie AS a\nFROM debian:trixie":               "the stages before the last",
		"FROM debian:12\nHEALTHCHECK CMD true":                      "healthcheck",
		"FROM debian:12\nONBUILD RUN true":                          "onbuild",
		"FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]":             "shell",
		"FROM debian:12\nUSER me\nRUN touch /a":                     "RUN as me",
		"FROM debian:12\nRUN --mount=type=cache,target=/a touch /a": "RUN --mount",
		"FROM debian:12\nADD x.tar.gz /x":                           "ADD x.tar.gz /x",
	} {
		d, err := ReadFile(tree{"Dockerfile": line + "\n", "x.tar.gz": "x"}.fs(), "Dockerfile", "x", suite)
		if err != nil || len(d.Left()) != 1 || !strings.HasPrefix(strings.ToLower(d.Left()[0].What), strings.ToLower(want)) {
			t.Errorf("%q: got %v, %+v", line, err, d)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	one := func(text string) tree {
		return tree{"t/manifest.json": `{"build_order": ["a"]}`, "t/images/a/Dockerfile": text, "secret": ""}
	}
	for _, tc := range []struct {
		name, want string
		files      tree
	}{
		{"no manifest", "reading t/manifest.json: file does not exist", tree{"t/x": ""}},
		{"not JSON", "reading t/manifest.json: not JSON", tree{"t/manifest.json": "a"}},
		{"no images", "build_order names no image", tree{"t/manifest.json": "{}"}},
		{"an image without a Dockerfile", `image "a" of build_order has no images/a/Dockerfile`, tree{"t/manifest.json": `{"build_order": ["a"]}`}},
		{"a parent out of the tree", `parent "../../etc" is no folder beside the template`, tree{"t/manifest.json": `{"parents": ["../../etc"]}`}},
		{"a parent that is not there", "reading folder common: file does not exist", tree{"t/manifest.json": `{"parents": ["common"]}`}},
		{"a long manifest", "more than 1048576", tree{"t/manifest.json": strings.Repeat(" ", maxText+1)}},
		{"not a Dockerfile", "unknown instruction", one("FROM debian:12\nRUNN x\n")},
		{"an empty Dockerfile", "reading t/images/a/Dockerfile: ", one("")},
		{"a file that is not there", "t/images/a/Dockerfile:2: COPY x /y: there is no x in the image's folder", one("FROM debian:12\nCOPY x /y\n")},
		{"a file out of the folder", "there is no ../../../secret in the image's folder", one("FROM debian:12\nCOPY ../../../secret /y\n")},
		{"a word that does not end", "t/images/a/Dockerfile:2: ", one("FROM debian:12\nENV A=${b\n")},
	} {
		if _, err := Read(tc.files.fs(), "t", suite); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

// Whatever a Dockerfile holds, reading it ends, with a draft or with an error.
func FuzzReadFile(f *testing.F) {
	f.Add("FROM debian:trixie\nRUN apt-get install vim\nCOPY . /x\n")
	f.Add("FROM a\nENV a=${b:-$a}\nRUN <<X\nX\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ReadFile(tree{"Dockerfile": text}.fs(), "Dockerfile", "x", suite)
		if err == nil {
			if _, err := d.Recipe(); err != nil {
				t.Error(err)
			}
		}
	})
}
