package main

import (
	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes/grammar"
)

func newSchema(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of recipes, for editors", Args: noArgs,
		Long: "Print the JSON Schema (draft 2020-12) of recipes and of the files that they include. Editors with the YAML language server use it when a recipe begins with\n\n" +
			"  # yaml-language-server: $schema=recipe.schema.json",
		RunE: func(*cobra.Command, []string) error { return printSchema(s) },
	}
}

func printSchema(s ui.Streams) error {
	schema, err := grammar.Schema()
	if err != nil {
		return err
	}
	_, err = s.Out.Write(schema)
	return err
}
