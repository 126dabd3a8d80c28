// Package bounded holds what containers say in memory, and not without end: whoever is
// root in one can write anything.
package bounded

// Buffer keeps the first Max bytes that are written to it, and takes the rest without
// keeping it.
type Buffer struct {
	Max  int
	text []byte
}

// Write keeps what there is room for.
func (b *Buffer) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), b.Max-len(b.text))]...)
	return len(p), nil
}

// String is what was kept.
func (b *Buffer) String() string { return string(b.text) }
