package draft

import (
	"strconv"

	"mvdan.cc/sh/v3/syntax"
)

// Condition evaluates a script that is one test(1) of texts that do not depend
// on the machine. known is false when only a machine can tell.
func Condition(script string) (holds, known bool) {
	file, err := parse(script)
	if err != nil || len(file.Stmts) != 1 {
		return false, false
	}
	return condition(file.Stmts[0])
}

// condition is Condition of a statement.
func condition(s *syntax.Stmt) (holds, known bool) {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || s.Background || len(s.Redirs) > 0 || len(call.Assigns) > 0 || len(call.Args) == 0 {
		return false, false
	}
	var words []string
	for _, w := range call.Args {
		if !constant(w) {
			return false, false
		}
		words = append(words, verbatim(w))
	}
	switch {
	case len(words) == 1 && words[0] == "true":
		holds, known = true, true
	case len(words) == 1 && words[0] == "false":
		known = true
	case words[0] == "[" && words[len(words)-1] == "]":
		holds, known = either(words[1 : len(words)-1])
	case words[0] == "test":
		holds, known = either(words[1:])
	}
	return holds != s.Negated, known
}

// constant reports whether the shell would take a word as it stands.
func constant(w *syntax.Word) bool {
	if verbatim(w) != "" {
		return true
	}
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.SglQuoted:
		case *syntax.DblQuoted:
			if len(p.Parts) > 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// either evaluates tests that -o joins, the weakest operator.
func either(words []string) (holds, known bool) {
	return joined(words, "-o", both, func(a, b bool) bool { return a || b })
}

// both evaluates tests that -a joins.
func both(words []string) (holds, known bool) {
	return joined(words, "-a", one, func(a, b bool) bool { return a && b })
}

func joined(words []string, operator string, each func([]string) (bool, bool), join func(a, b bool) bool) (holds, known bool) {
	start := 0
	for i := 0; i <= len(words); i++ {
		if i < len(words) && words[i] != operator {
			continue
		}
		h, k := each(words[start:i])
		if !k {
			return false, false
		}
		if start == 0 {
			holds = h
		} else {
			holds = join(holds, h)
		}
		start = i + 1
	}
	return holds, true
}

// one evaluates one test of texts or numbers.
func one(words []string) (holds, known bool) {
	switch {
	case len(words) > 1 && words[0] == "!":
		h, k := one(words[1:])
		return !h, k
	case len(words) == 1:
		return words[0] != "", true
	case len(words) == 2 && words[0] == "-n":
		return words[1] != "", true
	case len(words) == 2 && words[0] == "-z":
		return words[1] == "", true
	case len(words) != 3:
		return false, false
	}
	switch words[1] {
	case "=", "==":
		return words[0] == words[2], true
	case "!=":
		return words[0] != words[2], true
	}
	a, errA := strconv.Atoi(words[0])
	b, errB := strconv.Atoi(words[2])
	compare, ok := map[string]bool{"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}[words[1]]
	return compare, ok && errA == nil && errB == nil
}
