//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// On a terminal results are a table, of what comes too; whoever wants lines gets them. An
// audit has a bar.
func TestTerminalResults(t *testing.T) {
	directory := forThisHost(t)
	for name, content := range map[string]string{
		"first.ndjson": `{"user_id":"\u001b[2J東京","event_type":"click"}` + "\n",
		"next.ndjson":  `{"user_id":"bob","event_type":"view"}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	onTerminal(t, directory, nil, "--local", "deploy", "-q").exits(exitDone)
	if shown := onTerminal(t, directory, nil, "--local", "results", "--dead-letter").exits(exitDone); !strings.Contains(shown, "nothing was found in the last 1h") {
		t.Errorf("without any:\n%s", shown)
	}
	following := onTerminal(t, directory, nil, "--local", "results", "-f")
	onTerminal(t, directory, nil, "--local", "put", "-q", "first.ndjson").exits(exitDone)
	following.expect(`\u001b[2J東京`)
	onTerminal(t, directory, nil, "--local", "put", "-q", "next.ndjson").exits(exitDone)
	following.expect("bob")
	following.typed("\x03")
	lines := strings.Split(strings.TrimSpace(following.exits(exitDone)), "\r\n")
	if len(lines) < 3 || !strings.Contains(lines[0], "enrichment_status") || strings.Contains(lines[1], "\x1b[2J") {
		t.Fatalf("followed %q", lines)
	}
	for _, line := range lines[1:3] {
		if !strings.Contains(line, "\x1b[33muser_not_found") {
			t.Errorf("%q", line)
		}
	}

	if shown := onTerminal(t, directory, nil, "--local", "results").exits(exitDone); !strings.Contains(shown, "event_type") || strings.Count(shown, "\n") != 3 {
		t.Errorf("the table is\n%s", shown)
	}
	if shown := onTerminal(t, directory, nil, "--local", "results", "--format", "ndjson").exits(exitDone); !strings.Contains(shown, `{"user_id":"bob","event_type":"view",`) {
		t.Errorf("lines are\n%s", shown)
	}
	if shown := onTerminal(t, directory, nil, "--local", "results", "-o", "json").exits(exitDone); !strings.HasPrefix(shown, "{\r\n  \"records\": [") {
		t.Errorf("the document is\n%s", shown)
	}

	if shown := onTerminal(t, directory, nil, "--local", "audit").exits(exitDone); !strings.Contains(shown, "comparing ░░░") || !strings.Contains(shown, "complete") {
		t.Errorf("the audit shows\n%s", shown)
	}
}
