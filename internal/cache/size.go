package cache

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// DefaultKeep is how much of the cache is kept when nobody says.
const DefaultKeep = 10_000_000_000

// ParseSize reads a number of bytes as docker writes them, in capitals or not:
// 10GB, 512MiB, 10gb, 0.
func ParseSize(text string) (int64, error) {
	number := strings.TrimRight(text, "kKmMgGtTiIbB ")
	unit := strings.TrimSpace(text[len(number):])
	factor, known := map[string]float64{
		"": 1, "B": 1, "K": 1e3, "KB": 1e3, "M": 1e6, "MB": 1e6, "G": 1e9, "GB": 1e9, "T": 1e12, "TB": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
	}[strings.ToUpper(unit)]
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || !(value >= 0 && value*factor < 1<<60) {
		return 0, ui.Usage(fmt.Errorf("reading size %q: it is none", text), "write it as 10GB, 512MiB or 0")
	}
	return int64(value * factor), nil
}

// FormatSize writes a number of bytes for people.
func FormatSize(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(n)/1e3)
}
