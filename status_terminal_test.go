//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]")

// forThisHost is a directory with an emulator and settings whose function runs here.
func forThisHost(t *testing.T) (directory string) {
	t.Helper()
	directory = withEmulator(t)
	here := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	settings := "function: {architecture: " + here + ", memory: 512}\nmapping: {batching_window_seconds: 0}\n"
	if err := os.WriteFile(filepath.Join(directory, "enrich.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return directory
}

// All of the default pipeline, with traffic, is on one screen.
func TestTerminalStatus(t *testing.T) {
	directory := forThisHost(t)
	onTerminal(t, directory, nil, "--local", "deploy", "-q").exits(exitDone)
	onTerminal(t, directory, nil, "--local", "test-event", "-q").exits(exitDone)
	shown := onTerminalOf(t, 100, directory, nil, "enrich", "--local", "status").exits(exitDone)
	shown = shown[strings.Index(shown, "data-enrichment (dev)"):] // after the spinner
	shown = escapes.ReplaceAllString(shown, "")
	lines := strings.Split(strings.TrimSuffix(shown, "\r\n"), "\r\n")
	if len(lines) > 40 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := breadth(line); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, want := range []string{"alarms ", "newest object ", "records-in ", "iterator-age ", "duration-p99 ", "healthy: "} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}

// Watching repaints the screen in its place, without clearing it, and shows what comes.
func TestTerminalStatusWatch(t *testing.T) {
	directory := forThisHost(t)
	onTerminal(t, directory, nil, "--local", "deploy", "-q").exits(exitDone)
	watching := onTerminal(t, directory, nil, "--local", "status", "--watch", "--interval", "1s")
	watching.expect(", every 1s until Ctrl-C")
	onTerminal(t, directory, nil, "--local", "test-event", "-q").exits(exitDone)
	for _, figure := range []string{"records-in ", "enriched ", "iterator-age ", "errors ", "duration-p99 "} {
		watching.expect(figure)
	}
	watching.typed("\x03")
	screens := strings.Split(watching.exits(exitDone), "\x1b[H")
	if len(screens) < 3 || strings.Contains(strings.Join(screens, ""), "\x1b[2J") {
		t.Fatalf("%d screens: %q", len(screens)-1, screens)
	}
	last := screens[len(screens)-1]
	if !regexp.MustCompile(`records-in +1 +1 +█`).MatchString(escapes.ReplaceAllString(last, "")) || strings.Count(last, "\n") > 39 {
		t.Errorf("the last screen is\n%s", last)
	}
}
