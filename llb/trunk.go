package llb

import (
	bk "github.com/moby/buildkit/client/llb"

	"github.com/oarcluster/oarcluster/recipes"
)

// trunk is an image in the making: the tree that steps run on, and the layers to
// publish, which have the same files but are not always what the tree is made of.
type trunk struct {
	tree bk.State
	sets int // of packages, in the tree
	// Once packages were copied into the tree, the layers are below and what steps
	// changed since it was copied. Until then they are the tree's own.
	below, copied bk.State
}

// grow puts the layers of a level's packages into the trunk. To make the tree of a
// merge, BuildKit links every file of every layer but the lowest. That is little over
// the bare base; for each image made on base it is the ten thousand files of base
// again. So the third set of packages and those that follow are copied into the tree
// instead. Published are the layers all the same, and what steps change has the same
// bytes.
func (b *builder) grow(t *trunk, level recipes.Level, over []source) {
	t.sets++
	if t.sets <= 2 {
		t.tree = b.merge(t.tree, level.Name, "packages", over)
		return
	}
	t.below = b.merge(b.layers(*t), level.Name, "packages", over)
	for _, s := range over {
		all := bk.Copy(b.source(s), "/", "/", &bk.CopyInfo{CopyDirContentsOnly: true, AlwaysReplaceExistingDestPaths: true})
		t.tree = t.tree.File(all, b.name(level.Name, "copy %s", s.layer.Name))
	}
	t.copied = t.tree
}

// layers returns what is to be published of the trunk.
func (b *builder) layers(t trunk) bk.State {
	if t.copied.Output() == nil {
		return t.tree
	}
	changes := bk.Diff(t.copied, t.tree, b.name(b.in.Recipe.Name, "what steps changed"))
	return bk.Merge([]bk.State{t.below, changes}, b.name(b.in.Recipe.Name, "merge layers"))
}
