package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// cast is a recording: https://docs.asciinema.org/manual/asciicast/v2
type cast struct {
	header header
	events []event
}

// header is the first line of a recording.
type header struct {
	Version int               `json:"version"`
	Width   int               `json:"width"`
	Height  int               `json:"height"`
	Title   string            `json:"title"`
	Env     map[string]string `json:"env"`
}

// event is something that the terminal was given to show.
type event struct {
	at   float64 // seconds after the beginning
	text string
}

// bytes is the recording as a file.
func (c cast) bytes() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(c.header) // strings and numbers can always be encoded
	for _, v := range c.events {
		_ = e.Encode([]any{math.Round(v.at*1000) / 1000, "o", v.text})
	}
	return b.Bytes()
}

// parse reads a recording, strictly: output alone, in its order.
func parse(text []byte) (cast, error) {
	var c cast
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return c, errors.New("it is empty")
	}
	if err := json.Unmarshal(lines.Bytes(), &c.header); err != nil {
		return c, fmt.Errorf("line 1: %w", err)
	}
	if c.header.Version != 2 || c.header.Width < 1 || c.header.Height < 1 {
		return c, fmt.Errorf("line 1: %+v is no header of version 2", c.header)
	}
	last := 0.0
	for n := 2; lines.Scan(); n++ {
		var fields [3]any
		if err := json.Unmarshal(lines.Bytes(), &fields); err != nil {
			return c, fmt.Errorf("line %d: %w", n, err)
		}
		at, isNumber := fields[0].(float64)
		data, isText := fields[2].(string)
		if !isNumber || !isText || fields[1] != "o" || at < last {
			return c, fmt.Errorf("line %d: %s is no output after %g s", n, lines.Bytes(), last)
		}
		last = at
		c.events = append(c.events, event{at, data})
	}
	return c, lines.Err()
}
