package lock

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// holder is a process on a machine, as its lock tells of it.
type holder struct {
	Nonce   string    `json:"nonce"` // tells two locks of one process apart
	User    string    `json:"user"`
	Host    string    `json:"host"`    // the machine's name
	Machine string    `json:"machine"` // machine-id(5); "" when it has none
	Boot    string    `json:"boot"`    // of the kernel: another one after each start of the machine
	Space   string    `json:"space"`   // in which process numbers count: pid_namespaces(7)
	PID     int       `json:"pid"`
	Start   string    `json:"start"` // when the process began, in the kernel's own count
	Since   time.Time `json:"since"`
}

// self is this process.
func self() holder {
	h := holder{
		Nonce: rand.Text(), User: strconv.Itoa(os.Geteuid()), PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second),
		Machine: line("/etc/machine-id"), Boot: line("/proc/sys/kernel/random/boot_id"),
	}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	h.Host, _ = os.Hostname()                     // "" is shown as such, and equals no other
	h.Space, _ = os.Readlink("/proc/self/ns/pid") // likewise
	_, h.Start = stat(h.PID)
	return h
}

// line is the text of a file of one line, "" when it cannot be read.
func line(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// text is what stands in the lock.
func (h holder) text() string {
	text, err := json.Marshal(h)
	if err != nil {
		// Strings, a number and a time of this century always have a JSON form.
		return err.Error()
	}
	return string(text)
}

// parse reads a lock's text. One that is not ours to read is a holder of whom
// nothing is known.
func parse(text string) holder {
	var h holder
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		return holder{}
	}
	return h
}

// String names the holder to a user: who, where, since when.
func (h holder) String() string {
	if h.PID == 0 {
		return "a program that did not say who it is"
	}
	return fmt.Sprintf("process %d of %s on %s, since %s", h.PID, plain(h.User), plain(h.Host), h.Since.Local().Format("2006-01-02 15:04:05"))
}

// plain is a name as it is, and one with strange characters quoted: it comes from
// a label, and goes to a terminal.
func plain(s string) string {
	if quoted := strconv.Quote(s); s == "" || quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// fate is what became of a holder.
type fate int

const (
	unknown fate = iota // it runs where it cannot be asked
	alive
	ended
)

// fate finds out whether a holder still runs, as far as me can see it.
func (h holder) fate(me holder) fate {
	switch {
	case h.Boot == "" || h.Space == "" || h.PID <= 0 || h.Host != me.Host:
		return unknown
	case h.Boot == me.Boot && h.Space == me.Space:
		return h.process()
	case h.Boot != me.Boot && h.Machine != "" && h.Machine == me.Machine:
		// The machine was started again, and none of its processes lives on.
		return ended
	}
	return unknown
}

// process looks for the holder among the processes of this machine. The signal 0
// reaches also where /proc shows no processes of others; the time of the start
// tells a process from a later one of the same number.
func (h holder) process() fate {
	state, start := stat(h.PID)
	gone := errors.Is(syscall.Kill(h.PID, 0), syscall.ESRCH)
	if gone || state == "Z" || start != "" && start != h.Start {
		return ended
	}
	return alive
}

// stat reads the state of a process ("Z": it has ended, and its parent did not ask
// how) and when it began: the 3rd and 22nd field of /proc/PID/stat, whose 2nd may
// hold anything between parentheses (proc_pid_stat(5)). Both are "" when /proc does
// not tell.
func stat(pid int) (state, start string) {
	text := line(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return "", ""
	}
	return fields[0], fields[19]
}
