package recipes

// bookworm is Debian 12. The versions are those of its packages oar-server,
// postgresql and php.
func bookworm() Suite {
	return Suite{
		Name:    "bookworm",
		Version: "12",
		vars: map[string]string{
			"oar": "2.5.9", "oar_series": "2.5", "postgresql": "15", "php": "8.2",
			"release": "oldstable",
		},
		// Else usrmerge, which would convert a tree that is merged already.
		packages: []string{"usr-is-merged"},
	}
}
