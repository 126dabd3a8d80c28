package manual

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// tool is a program with a command of each kind.
func tool() *cobra.Command {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "tool", Short: "Do things", Example: "  tool --all\n.start\n'quote", Run: run}
	root.PersistentFlags().StringArray("name", nil, "the `NAME` of it; may be given again")
	root.Flags().BoolP("all", "a", false, "take all")
	root.Flags().Bool("secret", false, "x")
	_ = root.Flags().MarkHidden("secret")
	group := &cobra.Command{Use: "group", Short: "Hold others"}
	group.AddCommand(&cobra.Command{Use: "deep FILE", Short: "Go deep", Long: "Go deep.\n\nBack\\slash.", Run: run})
	root.AddCommand(group, &cobra.Command{Use: "hidden", Short: "x", Hidden: true, Run: run})
	return root
}

const toolPage = `.TH "TOOL" 1 "" "tool" "User Commands"
.SH "NAME"
tool \- Do things
.SH "SYNOPSIS"
.B tool [flags]
.SH "DESCRIPTION"
Do things.
.SH "OPTIONS"
.TP
\fB\-a\fR, \fB\-\-all\fR
take all
.TP
\fB\-\-name\fR \fINAME\fR
the NAME of it; may be given again
.SH "EXAMPLES"
.nf
  tool \-\-all
.fi
\&.start
\&'quote
.SH "EXIT STATUS"
.TP
.B 0
done
.TP
.B 2
wrong usage
.SH "SEE ALSO"
.BR tool\-group (1)
`

const codes = "0 done\n2 wrong usage\n"

func TestAPage(t *testing.T) {
	t.Parallel()
	if got := Page(tool(), codes); got != toolPage {
		t.Errorf("got\n%s\nwant\n%s", got, toolPage)
	}
}

func TestAPageOfACommandBelow(t *testing.T) {
	t.Parallel()
	deep, _, err := tool().Find([]string{"group", "deep"})
	if err != nil {
		t.Fatal(err)
	}
	got := Page(deep, codes)
	for _, want := range []string{"tool\\-group\\-deep \\- Go deep\n", ".B tool group deep FILE\n", "Go deep.\n.PP\nBack\\eslash.\n", ".SH \"OPTIONS OF TOOL\"\n.TP\n\\fB\\-\\-name", ".BR tool\\-group (1)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestEveryCommandThatHelpShowsHasAPage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "man1")
	names, err := Write(tool(), dir, codes)
	if want := []string{"tool.1", "tool-group.1", "tool-group-deep.1"}; err != nil || !slices.Equal(names, want) {
		t.Fatalf("got %q, %v", names, err)
	}
	for _, name := range names {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.HasPrefix(string(data), ".TH ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Write(tool(), filepath.Join(dir, "tool.1", "x"), codes); err == nil {
		t.Error("wrote below a file")
	}
}

func TestTheCommandPrintsThePathsOfItsPages(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	root, dir := tool(), t.TempDir()
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(Command(&out, codes, cobra.ExactArgs(1)))
	root.SetArgs([]string{"man", dir})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(dir, "tool.1") + "\n" + filepath.Join(dir, "tool-group.1") + "\n" + filepath.Join(dir, "tool-group-deep.1") + "\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
