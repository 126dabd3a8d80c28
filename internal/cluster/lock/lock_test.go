package lock

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// board is an engine's locks in memory.
type board struct {
	mu    sync.Mutex
	locks map[string]string
	err   error
}

func (b *board) Lock(ctx context.Context, cluster, holder string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.locks[cluster] == "" {
		b.locks[cluster] = holder
	}
	return b.locks[cluster], errors.Join(b.err, ctx.Err())
}

func (b *board) Unlock(_ context.Context, cluster, holder string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.locks[cluster] == holder {
		delete(b.locks, cluster)
	}
	return b.err
}

func (b *board) free() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.locks) == 0
}

// held is a board on which the holder has the lock of "c".
func held(text string) *board { return &board{locks: map[string]string{"c": text}} }

// notes collects what is told.
type notes []string

func (n *notes) add(s string) { *n = append(*n, s) }

func TestOneOfManyGetsTheLock(t *testing.T) {
	t.Parallel()
	b := held("")
	var won []*Lock
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			l, err := Take(t.Context(), b, "c", func(string) {})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, l)
			} else if !strings.Contains(err.Error(), `locking cluster "c": it is being changed by process `) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d got the lock", len(won))
	}
	if err := won[0].Release(t.Context()); err != nil || !b.free() {
		t.Errorf("not released: %v", err)
	}
}

// processes answers a process that runs, and one that has ended.
func processes(t *testing.T) (runs, ran holder) {
	t.Helper()
	runs, ran = self(), self()
	sleep := exec.Command("sleep", "600")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sleep.Process.Kill(); sleep.Wait() })
	runs.PID = sleep.Process.Pid
	_, runs.Start = stat(runs.PID)
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	ran.PID = dead.Process.Pid
	return runs, ran
}

func TestFateOfAHolder(t *testing.T) {
	t.Parallel()
	runs, ran := processes(t)
	me := self()
	change := func(h holder, f func(*holder)) holder { f(&h); return h }
	for name, tc := range map[string]struct {
		h    holder
		want fate
	}{
		"myself":                               {me, alive},
		"another process":                      {runs, alive},
		"one that ended":                       {ran, ended},
		"a later process of the same number":   {change(runs, func(h *holder) { h.Start = "1" }), ended},
		"before the machine was started again": {change(runs, func(h *holder) { h.Boot, h.Machine = "x", "m" }), ended},
		"a copy of this machine":               {change(runs, func(h *holder) { h.Boot, h.Machine, h.Host = "x", "m", "other" }), unknown},
		"another machine":                      {change(ran, func(h *holder) { h.Boot, h.Machine, h.Host = "x", "y", "other" }), unknown},
		"a machine of which nothing is known":  {change(ran, func(h *holder) { h.Boot = "" }), unknown},
		"a container of this machine":          {change(ran, func(h *holder) { h.Space = "pid:[1]" }), unknown},
		"no holder of ours":                    {parse("garbage"), unknown},
	} {
		m := me
		m.Machine = "m"
		if got := tc.h.fate(m); got != tc.want {
			t.Errorf("%s: got %d, want %d", name, got, tc.want)
		}
	}
}

// A process whose parent does not ask for its end has ended all the same.
func TestFateOfAZombie(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "read x; exit 0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := self()
	h.PID = cmd.Process.Pid
	_, h.Start = stat(h.PID)
	if got := h.fate(self()); got != alive {
		t.Errorf("before its end: %d", got)
	}
	in.Close()
	for state := ""; state != "Z"; state, _ = stat(h.PID) {
	}
	if got := h.fate(self()); got != ended {
		t.Errorf("after its end: %d", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestWhoIsRefusedLearnsWhy(t *testing.T) {
	t.Parallel()
	runs, _ := processes(t)
	elsewhere := runs
	elsewhere.Host, elsewhere.User = "other", "eve\x1b[2J"
	for _, tc := range []struct {
		holder string
		want   []string
	}{
		{runs.text(), []string{"it is being changed by process ", " of " + runs.User + " on " + runs.Host + ", since 20"}},
		{elsewhere.text(), []string{`of "eve\x1b[2J" on other`}},
		{"garbage", []string{"by a program that did not say who it is"}},
	} {
		b := held(tc.holder)
		_, err := Take(t.Context(), b, "c", func(s string) { t.Error(s) })
		for _, part := range tc.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("got %v, want %q", err, part)
			}
		}
		if b.locks["c"] != tc.holder {
			t.Error("the lock was taken")
		}
	}
}

func TestALockIsTakenOverFromTheDead(t *testing.T) {
	t.Parallel()
	_, ran := processes(t)
	for _, take := range []func(context.Context, Engine, string, func(string)) (*Lock, error){Take, Force} {
		b := held(ran.text())
		var told notes
		var l *Lock
		var err error
		synctest.Test(t, func(t *testing.T) { l, err = take(t.Context(), b, "c", told.add) })
		if err != nil || b.locks["c"] != l.holder || !slices.Equal(told, notes{"taking over from " + ran.String() + ", which has ended"}) {
			t.Errorf("got %v, %q, %q", err, b.locks, told)
		}
	}
}

func TestWhoCleansBreaksTheLockOfOneWhoCannotBeAsked(t *testing.T) {
	t.Parallel()
	runs, _ := processes(t)
	runs.Host = "other"
	b := held(runs.text())
	var told notes
	l, err := Force(t.Context(), b, "c", told.add)
	if err != nil || len(told) != 1 || !strings.HasPrefix(told[0], "breaking the lock of process ") {
		t.Fatalf("got %v, %q", err, told)
	}
	broken := &Lock{b, "c", runs.text()}
	if err := broken.Release(t.Context()); err != nil || b.locks["c"] != l.holder {
		t.Errorf("its former holder released ours: %v", err)
	}
}

func TestWhoCleansWaitsForTheLiving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := held("")
		first, err := Take(t.Context(), b, "c", func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var told notes
		failed := make(chan error)
		go func() { _, err := Force(ctx, b, "c", told.add); failed <- err }()
		synctest.Wait()
		if len(told) != 1 || !strings.HasPrefix(told[0], "waiting for process ") {
			t.Errorf("told %q", told)
		}
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("an interrupted wait: %v", err)
		}
		got := make(chan error)
		go func() { _, err := Force(t.Context(), b, "c", func(string) {}); got <- err }()
		synctest.Wait()
		if err := first.Release(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}

// An engine may carry out a call for whose answer nobody waits any more.
func TestALockThatFailsIsGivenBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := held("")
	if _, err := Take(ctx, b, "c", func(string) {}); !errors.Is(err, context.Canceled) || !b.free() {
		t.Errorf("got %v, %q", err, b.locks)
	}
	b = held("")
	b.err = errors.New("no")
	if _, err := Take(t.Context(), b, "c", func(string) {}); err == nil || !strings.HasPrefix(err.Error(), `locking cluster "c": no`) || !b.free() {
		t.Errorf("got %v, %q", err, b.locks)
	}
	b.err = ErrForeign
	if _, err := Take(t.Context(), b, "c", func(string) {}); !errors.Is(err, ErrForeign) || strings.Contains(err.Error(), "unlocking") {
		t.Errorf("got %v", err)
	}
}

// late is a board on which somebody who saw a dead holder removes what has its place
// after the first look at it, and another takes that.
type late struct {
	board
	looks int
	other string
}

func (l *late) Lock(ctx context.Context, cluster, holder string) (string, error) {
	has, err := l.board.Lock(ctx, cluster, holder)
	if l.looks++; l.looks == 1 {
		delete(l.locks, cluster)
		if l.other != "" {
			l.locks[cluster] = l.other
		}
	}
	return has, err
}

// Of three programs after a crash one may remove the lock that another just took.
func TestALockThatWasTakenAwayIsNone(t *testing.T) {
	t.Parallel()
	runs, _ := processes(t)
	b := &late{board: *held(""), other: runs.text()}
	if _, err := Take(t.Context(), b, "c", func(string) {}); err == nil || !strings.Contains(err.Error(), "it is being changed by process") {
		t.Errorf("got %v", err)
	}
	b = &late{board: *held("")}
	l, err := Take(t.Context(), b, "c", func(string) {})
	if err != nil || b.locks["c"] != l.holder {
		t.Errorf("got %v, the lock is %q", err, b.locks["c"])
	}
}
