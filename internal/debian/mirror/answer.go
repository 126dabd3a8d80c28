package mirror

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// answerPath is where the answer to a request is kept: under a digest of all
// that it follows from.
func (a *Archive) answerPath(arch string, request debian.Request, lists []list) (string, error) {
	// The answer says by name which archive a package is from.
	type named struct{ Archive, Suite, SHA256 string }
	from := make([]named, len(lists))
	for i, l := range lists {
		from[i] = named{l.suite.archive, l.suite.name, l.file.SHA256}
	}
	key, err := json.Marshal(struct {
		Format  int
		Arch    string
		Request debian.Request
		Lists   []named
	}{2, arch, request, from})
	if err != nil {
		return "", err
	}
	return a.store.path("resolved", digest(key)), nil
}

// readAnswer returns the answer at path to a request of so many groups, nil when
// there is none, when it is not what writeAnswer wrote, or when it has a package
// that no index could have.
func readAnswer(path string, groups int) [][]debian.Package {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	sum, body, _ := bytes.Cut(data, []byte("\n"))
	var answer [][]debian.Package
	if string(sum) != digest(body) || json.Unmarshal(body, &answer) != nil || len(answer) != groups {
		return nil
	}
	for _, group := range answer {
		if slices.ContainsFunc(group, func(p debian.Package) bool { return p.Check() != nil }) {
			return nil
		}
	}
	return answer
}

// writeAnswer keeps an answer, below its digest.
func writeAnswer(path string, answer [][]debian.Package) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return writeFile(path, append([]byte(digest(body)+"\n"), body...))
}
