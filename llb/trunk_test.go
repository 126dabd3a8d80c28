package llb

import (
	"testing"

	"github.com/moby/buildkit/solver/pb"
)

// TestOnlyBaseRunsOnMerges: BuildKit makes the tree of a merge when a step runs on
// it, by linking all files of all layers but the lowest.
func TestOnlyBaseRunsOnMerges(t *testing.T) {
	t.Parallel()
	list := must(t, graph(t, input(load(t, nil, "server"), "amd64")))
	var merged []string
	published := false
	for _, v := range list {
		if v.op.GetExec() != nil {
			if _, ok := list[v.inputs[0]-1].op.Op.(*pb.Op_Merge); ok {
				merged = append(merged, v.name)
			}
		}
		if v.op.GetMerge() == nil {
			continue
		}
		for _, in := range v.inputs {
			published = published || list[in-1].name == "[server linux/amd64] 73 packages"
		}
	}
	if len(merged) != 2 {
		t.Errorf("these steps run on merges, which takes long for all but the first two: %q", merged)
	}
	if !published {
		t.Error("the image has the copy of its packages and not their layer")
	}
}
