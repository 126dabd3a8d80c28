package main

import (
	"maps"
	"strings"
	"testing"
)

func TestNumbersOfNodes(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]map[string]int{"8": {"": 8}, "0": {"": 0}, "fat=2": {"fat": 2}, "fat=2 thin=0": {"fat": 2, "thin": 0}} {
		if got, err := readNodes(strings.Fields(line)); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"x": `"x" is no number`, "-1": `"-1" is no number`, "fat=": `"" is no number`, "fat=2x": `"2x" is no number`,
		"=3": `"=3" names no group`, "2 3": "2 is one of several numbers", "fat=1 3": "3 is one of several", "fat=2 fat=3": `group "fat" has two`,
	} {
		if got, err := readNodes(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", line, got, err)
		}
	}
}
