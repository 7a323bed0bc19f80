//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// completionCases are command lines with the word that Tab makes of their last one.
var completionCases = []struct{ line, want string }{
	{"enrich depl", "deploy"},
	{"enrich --local destr", "destroy"},
	{"enrich help completi", "completion"},
	{"enrich complete", "complete"}, // completion, but never the hidden command
	{"enrich local sto", "stop"},
	{"enrich local --quiet sto", "stop"},
	{"enrich deploy --reg", "--region"},
	{"enrich put events.ndjson --unord", "--unordered"},
	{"enrich deploy --code-only --code-o", "--code-o"}, // it is there already
	{"enrich -o j", "json"},
	{"enrich deploy -qo j", "json"},
	{"enrich deploy --output=j", "--output=json"},
	{"enrich -e stag", "staging"},
	{"enrich lookup load - --format nd", "ndjson"},
	{"enrich completion power", "powershell"},
	{"enrich local faults cl", "clear"},
	{"enrich config stream.ret", "stream.retention_hours"},
	{"enrich put even", "events.ndjson"},
	{"enrich -c oth", "other.yaml"},
	{"enrich --config=oth", "--config=other.yaml"},
	{"enrich --state-dir sta", "state/"},
	{"enrich lookup get --table prod", "products"},
	{"enrich -c other.yaml lookup get --table ord", "orders"},
	{"enrich deploy --ful", "--ful"},
	{"enrich deploy even", "even"}, // it takes no arguments, so no files
}

// atOnceEnded spares each Tab the second that the race detector waits at a program's end.
const atOnceEnded = "GORACE=atexit_sleep_ms=0"

// TestCompletionInShells presses Tab in the shells themselves.
func TestCompletionInShells(t *testing.T) {
	for shell, complete := range map[string]func(*testing.T, string) func(line string) string{
		"bash": inBash, "zsh": inZsh, "fish": inFish,
	} {
		t.Run(shell, func(t *testing.T) {
			needProgram(t, shell)
			t.Parallel()
			directory := t.TempDir()
			for name, content := range map[string]string{
				"enrich.yaml": "lookups: [{name: products, key: sku, fields: [title]}]\n",
				"other.yaml":  "lookups: [{name: orders, key: id, fields: [total]}]\n",
				"state.txt":   "", "events.ndjson": "", "state/record": "",
			} {
				path := filepath.Join(directory, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			press := complete(t, directory)
			for _, test := range completionCases {
				if got := press(test.line); got != test.want {
					t.Errorf("%s: Tab makes it %s, want %s", test.line, got, test.want)
				}
			}
		})
	}
}

// inReadline presses Tab behind a line and has the shell print the words that came of
// it.
func inReadline(t *testing.T, s *terminal) func(line string) string {
	return func(line string) string {
		t.Helper()
		before := len(s.text())
		s.typed(line + "\t\x01printf '{%s}' \x05 end\n") // Ctrl-A, Ctrl-E
		s.expectAfter(before, "{end}")
		words := strings.Split(s.text()[before:], "}{")
		return words[len(words)-2]
	}
}

func inBash(t *testing.T, directory string) func(line string) string {
	s := onTerminalOf(t, 120, directory, []string{"PS1=$ ", "HISTFILE=", atOnceEnded}, "bash", "--norc", "--noprofile", "-i")
	s.typed("source <(enrich completion bash); echo rea''dy\n")
	s.expect("ready")
	return inReadline(t, s)
}

func inZsh(t *testing.T, directory string) func(line string) string {
	s := onTerminalOf(t, 120, directory, []string{"PS1=$ ", "ZDOTDIR=" + directory, atOnceEnded}, "zsh", "-f", "-i")
	s.typed("autoload -Uz compinit; compinit -u -D; source <(enrich completion zsh); unsetopt beep auto_remove_slash; echo rea''dy\n")
	s.expect("ready")
	return inReadline(t, s)
}

func inFish(t *testing.T, directory string) func(line string) string {
	return func(line string) string {
		t.Helper()
		program := exec.CommandContext(t.Context(), "fish", "--no-config", "-c", "enrich completion fish | source; complete -C $argv[1]", line)
		program.Dir, program.Env = directory, append(os.Environ(), atOnceEnded)
		output, err := program.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		candidates := strings.Split(strings.TrimSpace(string(output)), "\n")
		if len(candidates) > 1 {
			t.Errorf("%s: several: %q", line, candidates)
		}
		word, _, _ := strings.Cut(candidates[0], "\t")
		if word == "" { // nothing to complete
			return line[strings.LastIndexByte(line, ' ')+1:]
		}
		return word
	}
}
