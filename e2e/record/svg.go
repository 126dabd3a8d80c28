package main

import (
	"fmt"
	"html"
	"strings"
)

// Sizes of the picture: of a character's box, of what is around all of them, in pixels;
// how close two changes are shown as one, and how long the last one stays, in seconds.
const (
	boxWidth, boxHeight = 8.4, 17
	border              = 12
	together            = 0.04
	linger              = 4.0
)

// palette are the first 16 of xterm's colours, as browsers' dark terminals have them.
var palette = [16]string{
	"#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
	"#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#f0f6fc",
}

// frame is what the terminal shows for a while: which rows, and where the cursor is.
type frame struct {
	at   float64
	rows []int // by number in the film's rows; -1 is an empty one
	x, y int
}

// film is a recording as pictures. Most rows are in many of them, and each is kept once.
type film struct {
	rows   []string
	known  map[string]int
	frames []frame
	end    float64
}

// shoot shows a recording to a screen and takes a picture of each change.
func shoot(c cast) film {
	f := film{known: map[string]int{"": -1}}
	s := newScreen(c.header.Width, c.header.Height)
	for i, e := range c.events {
		s.write(e.text)
		f.end = e.at
		if i+1 < len(c.events) && c.events[i+1].at-e.at < together {
			continue
		}
		shot := frame{at: e.at, x: s.x, y: s.y}
		for _, row := range s.cells {
			shot.rows = append(shot.rows, f.row(row))
		}
		f.frames = append(f.frames, shot)
	}
	f.end += linger
	return f
}

// row is the number of a row's picture.
func (f *film) row(cells []cell) int {
	text := ""
	for x := 0; x < len(cells); {
		end := x + 1
		for end < len(cells) && cells[end].style == cells[x].style {
			end++
		}
		text += run(cells[x:end], x)
		x = end
	}
	number, known := f.known[text]
	if !known {
		number = len(f.rows)
		f.rows, f.known[text] = append(f.rows, text), number
	}
	return number
}

// run draws characters of one style that begin in the x-th box: the ground, and words.
// Each word has the width of its boxes, whatever font the reader has.
func run(cells []cell, x int) string {
	look := cells[0].style
	text, ground := colour(look.text), colour(look.ground)
	if look.inverse {
		text, ground = or(ground, "#0d1117"), or(text, "#e6edf3")
	}
	b := ""
	if ground != "" {
		b = fmt.Sprintf(`<rect x="%.1f" width="%.1f" height="%d" fill="%s"/>`, float64(x)*boxWidth, float64(len(cells))*boxWidth, boxHeight, ground)
	}
	fill := ""
	if text != "" {
		fill = ` fill="` + text + `"`
	}
	if look.bold {
		fill += ` font-weight="bold"`
	}
	line := ""
	for _, c := range cells {
		line += string(max(c.r, ' '))
	}
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		if runes[i] == ' ' {
			continue
		}
		end := i
		for end < len(runes) && runes[end] != ' ' {
			end++
		}
		b += fmt.Sprintf(`<text x="%.1f" y="13" textLength="%.1f"%s>%s</text>`, float64(x+i)*boxWidth, float64(end-i)*boxWidth, fill, html.EscapeString(string(runes[i:end])))
		i = end
	}
	return b
}

func or(colour, other string) string {
	if colour == "" {
		return other
	}
	return colour
}

// colour is one of xterm's 256, "" for the terminal's own.
func colour(number int) string {
	n := number - 1
	switch {
	case n < 0 || n > 255:
		return ""
	case n < 16:
		return palette[n]
	case n >= 232:
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	level := func(n int) int { return []int{0, 95, 135, 175, 215, 255}[n%6] }
	return fmt.Sprintf("#%02x%02x%02x", level((n-16)/36), level((n-16)/6), level(n-16))
}

// draw makes a recording a picture that moves: all frames in one strip behind a window,
// which style sheets push along. Who does not want movement sees the last one.
func draw(c cast) string {
	f := shoot(c)
	w := float64(c.header.Width)*boxWidth + 2*border
	h := c.header.Height*boxHeight + 2*border
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d" role="img">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>\n", html.EscapeString(c.header.Title))
	b.WriteString("text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}\n")
	fmt.Fprintf(&b, ".strip{transform:translateX(-%.0fpx);animation:play %.2fs steps(1,end) infinite}\n@keyframes play{", float64(len(f.frames)-1)*w, f.end)
	for i, shot := range f.frames {
		if i == 0 {
			shot.at = 0
		}
		fmt.Fprintf(&b, "%.3f%%{transform:translateX(-%.0fpx)}", 100*shot.at/f.end, float64(i)*w)
	}
	b.WriteString("}\n@media (prefers-reduced-motion:reduce){.strip{animation:none}}\n</style>\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%d" rx="8" fill="#0d1117"/>`+"\n<defs>\n", w, h)
	for i, row := range f.rows {
		fmt.Fprintf(&b, `<g id="r%d">%s</g>`+"\n", i, row)
	}
	b.WriteString("</defs>\n<g class=\"strip\" fill=\"#e6edf3\">\n")
	for i, shot := range f.frames {
		fmt.Fprintf(&b, `<g transform="translate(%.0f %d)">`, float64(i)*w+border, border)
		fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#8b949e"/>`, float64(shot.x)*boxWidth, shot.y*boxHeight, boxWidth, boxHeight)
		for y, row := range shot.rows {
			if row >= 0 {
				fmt.Fprintf(&b, `<use href="#r%d" y="%d"/>`, row, y*boxHeight)
			}
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}
