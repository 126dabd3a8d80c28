package build

import (
	"fmt"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// refuse says so when a recipe asks for what the language has and no builder
// does yet, for nothing that a recipe says may be ignored.
func refuse(r *recipes.Resolved) error {
	if r.Base != "" {
		return cannot(r.File, "come from an image")
	}
	return nil
}

func cannot(at any, what string) error {
	return ui.WithCode(fmt.Errorf("%v: this version of oarbuild cannot %s", at, what), ui.CodeUsage)
}
