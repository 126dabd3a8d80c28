package recipes

// trixie is Debian 13. The versions are those of its packages oar-server,
// postgresql and php.
func trixie() Suite {
	return Suite{
		Name:    "trixie",
		Version: "13",
		vars: map[string]string{
			"oar": "2.6.1", "oar_series": "2.6", "postgresql": "17", "php": "8.4",
			"release": "latest",
		},
	}
}
