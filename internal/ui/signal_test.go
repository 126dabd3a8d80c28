package ui_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// TestMain makes this binary the program that the tests send signals to: it says
// that it began, and goes on until it is interrupted; "stubborn", even then.
func TestMain(m *testing.M) {
	how := os.Getenv("UI_TEST_PROGRAM")
	if how == "" {
		os.Exit(m.Run())
	}
	os.Exit(ui.Main("prog", ui.Std(), func(ctx context.Context) error {
		if strings.Contains(how, "undoes") {
			ui.OnStop(ctx, "clean %s", "up")
		}
		fmt.Println("begun")
		<-ctx.Done()
		if strings.Contains(how, "fails") {
			return fmt.Errorf("undoing failed")
		}
		if strings.Contains(how, "succeeds") {
			return nil
		}
		if strings.Contains(how, "stubborn") {
			fmt.Println("undoing")
			select {}
		}
		return ctx.Err()
	}))
}

func TestInterrupts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		how    string
		code   int
		stderr string
	}{
		{"", 130, "prog: interrupted\n"},
		{"undoes", 130, "prog: interrupted; once more stops at once\nprog: hint: clean up\nprog: interrupted\n"},
		{"undoes fails", 130, "prog: interrupted; once more stops at once\nprog: hint: clean up\nprog: error: undoing failed\n"},
		{"undoes succeeds", 0, "prog: interrupted; once more stops at once\nprog: hint: clean up\n"},
		{"undoes stubborn", 130, "prog: interrupted; once more stops at once\nprog: hint: clean up\nprog: stopped\nprog: hint: clean up\n"},
		{"stubborn", 130, ""},
	} {
		for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(fmt.Sprint(tc.how, " ", signal), func(t *testing.T) {
				t.Parallel()
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "UI_TEST_PROGRAM=x "+tc.how)
				var stderr strings.Builder
				cmd.Stderr = &stderr
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				for lines := bufio.NewScanner(out); lines.Scan(); {
					if err := cmd.Process.Signal(signal); err != nil {
						t.Error(err)
					}
				}
				_, _ = io.Copy(io.Discard, out)
				_ = cmd.Wait() // its exit code is looked at
				if code := cmd.ProcessState.ExitCode(); code != tc.code || stderr.String() != tc.stderr {
					t.Errorf("exit %d, %q, want %d, %q", code, stderr.String(), tc.code, tc.stderr)
				}
			})
		}
	}
}
