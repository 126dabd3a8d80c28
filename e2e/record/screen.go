package main

import (
	"slices"
	"strconv"
	"strings"
)

// style is how a character looks. Colours are xterm's, plus one; 0 is the terminal's own.
type style struct {
	text, ground  int
	bold, inverse bool
}

// cell is one character of a screen; 0 is none.
type cell struct {
	r rune
	style
}

// screen is what a terminal shows: as much of xterm as shells and our programs use.
type screen struct {
	width, height int
	cells         [][]cell
	x, y          int
	style         style
	sequence      []rune // an escape sequence that is not complete
}

func newScreen(width, height int) *screen {
	s := &screen{width: width, height: height}
	for range height {
		s.cells = append(s.cells, make([]cell, width))
	}
	return s
}

func (s *screen) write(text string) {
	for _, r := range text {
		switch {
		case len(s.sequence) > 0:
			if s.sequence = append(s.sequence, r); complete(s.sequence) {
				s.obey(string(s.sequence))
				s.sequence = nil
			}
		case r == '\x1b':
			s.sequence = []rune{r}
		case r == '\r':
			s.x = 0
		case r == '\n':
			s.down()
		case r == '\b':
			s.x = max(s.x-1, 0)
		case r == '\t':
			s.x = min(s.x/8*8+8, s.width-1)
		case r >= ' ':
			if s.x == s.width { // a full line is left with the next character alone
				s.x = 0
				s.down()
			}
			s.cells[s.y][s.x] = cell{r, s.style}
			s.x++
		}
	}
}

// down goes to the next line; the last one pushes the first one out.
func (s *screen) down() {
	if s.y++; s.y == s.height {
		s.y--
		s.cells = append(s.cells[1:], make([]cell, s.width))
	}
}

// complete reports whether an escape sequence has ended: ESC [ … letter, ESC ] … BEL or
// ESC \, ESC ( letter, ESC letter.
func complete(sequence []rune) bool {
	last := sequence[len(sequence)-1]
	switch {
	case len(sequence) < 2:
		return false
	case sequence[1] == '[':
		return len(sequence) > 2 && last >= '@' && last <= '~'
	case sequence[1] == ']':
		return last == '\a' || last == '\\' && sequence[len(sequence)-2] == '\x1b'
	case sequence[1] == '(':
		return len(sequence) == 3
	}
	return true
}

// obey does what a sequence asks for. What has no number means 0, or 1 for a distance.
func (s *screen) obey(sequence string) {
	if !strings.HasPrefix(sequence, "\x1b[") || strings.ContainsAny(sequence, "?>=") {
		return // titles, modes and questions are not seen
	}
	var n []int
	for _, text := range strings.Split(sequence[2:len(sequence)-1], ";") {
		number, _ := strconv.Atoi(text) // "" is 0
		n = append(n, number)
	}
	far := max(n[0], 1)
	switch sequence[len(sequence)-1] {
	case 'm':
		s.dress(n)
	case 'A':
		s.y = max(s.y-far, 0)
	case 'B':
		s.y = min(s.y+far, s.height-1)
	case 'C':
		s.x = min(s.x+far, s.width-1)
	case 'D':
		s.x = max(s.x-far, 0)
	case 'G':
		s.x = min(far, s.width) - 1
	case 'H', 'f':
		s.y, s.x = min(far, s.height)-1, 0
		if len(n) > 1 {
			s.x = min(max(n[1], 1), s.width) - 1
		}
	case 'K':
		s.erase(s.y, n[0])
	case 'J':
		s.erase(s.y, n[0])
		for y := range s.height {
			if n[0] == 2 || n[0] == 0 && y > s.y || n[0] == 1 && y < s.y {
				clear(s.cells[y])
			}
		}
	case 'P':
		row := s.cells[s.y]
		copy(row[s.x:], row[min(s.x+far, s.width):])
		clear(row[max(s.x, s.width-far):])
	case '@':
		row := s.cells[s.y]
		s.cells[s.y] = slices.Insert(row, s.x, make([]cell, far)...)[:s.width]
	}
}

// erase empties a line from the cursor on, up to it, or all of it.
func (s *screen) erase(y, which int) {
	at := min(s.x, s.width-1)
	switch which {
	case 0:
		clear(s.cells[y][at:])
	case 1:
		clear(s.cells[y][:at+1])
	default:
		clear(s.cells[y])
	}
}

// dress changes how the next characters look.
func (s *screen) dress(n []int) {
	for i := 0; i < len(n); i++ {
		switch c := n[i]; {
		case c == 0:
			s.style = style{}
		case c == 1:
			s.style.bold = true
		case c == 22:
			s.style.bold = false
		case c == 7 || c == 27:
			s.style.inverse = c == 7
		case c >= 30 && c <= 37, c == 39:
			s.style.text = (c - 29) % 10
		case c >= 40 && c <= 47, c == 49:
			s.style.ground = (c - 39) % 10
		case c >= 90 && c <= 97:
			s.style.text = c - 90 + 9
		case (c == 38 || c == 48) && i+2 < len(n) && n[i+1] == 5:
			if c == 38 {
				s.style.text = n[i+2] + 1
			} else {
				s.style.ground = n[i+2] + 1
			}
			i += 2
		}
	}
}

// line is the text of the line with the cursor, up to it.
func (s *screen) line() string {
	var b strings.Builder
	for _, c := range s.cells[s.y][:s.x] {
		b.WriteRune(max(c.r, ' '))
	}
	return b.String()
}

// String is the text of all lines.
func (s *screen) String() string {
	var b strings.Builder
	for _, row := range s.cells {
		line := ""
		for _, c := range row {
			line += string(max(c.r, ' '))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
