package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// scanner reads JSON token by token, which keeps the place of everything. The
// first mistake ends it: methods do nothing after that.
type scanner struct {
	file    string
	data    []byte
	decoder *json.Decoder
	err     error
}

func newScanner(file string, data []byte) *scanner {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return &scanner{file: file, data: data, decoder: decoder}
}

// at returns the place that the scanner has reached, as file:line.
func (s *scanner) at() string {
	offset := min(s.decoder.InputOffset(), int64(len(s.data)))
	return s.file + ":" + strconv.Itoa(1+bytes.Count(s.data[:offset], []byte("\n")))
}

// fail records a mistake, unless there is one.
func (s *scanner) fail(hint, format string, args ...any) {
	if s.err == nil {
		s.err = ui.Usage(fmt.Errorf("%s: %w", s.at(), fmt.Errorf(format, args...)), "%s", hint)
	}
}

// anew is what to do about a lock that is none.
const anew = "take the file out of version control again, or write it anew with oarbuild lock"

// token returns the next token, nil after a mistake.
func (s *scanner) token() json.Token {
	if s.err != nil {
		return nil
	}
	token, err := s.decoder.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.fail(anew, "the lock ends here: it was cut off")
		return nil
	}
	if err != nil {
		s.fail(anew, "it is not JSON: %w", err)
		return nil
	}
	return token
}

// delimiter reads one of the four brackets.
func (s *scanner) delimiter(want json.Delim, what string) {
	if token := s.token(); s.err == nil && token != want {
		s.fail(anew, "%s is %s, not %s", what, describe(token), describe(want))
	}
}

// object reads an object that has each of the fields once, in any order. done
// is called at its end, to check the whole.
func (s *scanner) object(what string, fields map[string]func(), done func() error) {
	s.delimiter('{', what)
	seen := map[string]bool{}
	for s.err == nil && s.decoder.More() {
		key, _ := s.token().(string)
		read, known := fields[key]
		switch {
		case s.err != nil:
		case !known:
			s.fail(anew, "unknown field %q in %s", key, what)
		case seen[key]:
			s.fail(anew, "field %q is there twice in %s", key, what)
		default:
			seen[key] = true
			read()
		}
	}
	s.delimiter('}', what)
	for key := range fields {
		if s.err == nil && !seen[key] {
			s.fail(anew, "%s has not all of its fields: %q is missing", what, firstMissing(fields, seen))
		}
	}
	if s.err == nil && done != nil {
		if err := done(); err != nil {
			s.fail(anew, "%s: %w", what, err)
		}
	}
}

// firstMissing names the field that is first by name of those that are missing.
func firstMissing(fields map[string]func(), seen map[string]bool) string {
	first := ""
	for key := range fields {
		if !seen[key] && (first == "" || key < first) {
			first = key
		}
	}
	return first
}

// list reads a list, item by item.
func (s *scanner) list(what string, item func()) func() {
	return func() {
		s.delimiter('[', what)
		for s.err == nil && s.decoder.More() {
			item()
		}
		s.delimiter(']', what)
	}
}

// text reads a string that is not empty.
func (s *scanner) text(to *string, what string) func() {
	return func() {
		token := s.token()
		value, ok := token.(string)
		if s.err == nil && (!ok || value == "") {
			s.fail(anew, "%s is %s, not a text", what, describe(token))
		}
		*to = value
	}
}

// number reads a whole number that is not negative.
func (s *scanner) number(to *int64, what string) func() {
	return func() {
		token := s.token()
		value, _ := token.(json.Number)
		n, err := strconv.ParseInt(string(value), 10, 64)
		if s.err == nil && (err != nil || n < 0) {
			s.fail(anew, "%s is %s, not a whole number", what, describe(token))
		}
		*to = n
	}
}

// describe writes a token for a message.
func describe(token json.Token) string {
	switch token := token.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "a list", '}': "the end of an object", ']': "the end of a list"}[token]
	case string:
		return strconv.Quote(token)
	case nil:
		return "null"
	}
	return fmt.Sprint(token)
}
