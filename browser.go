package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// browse shows an address in the browser that the system has for it. What opens it
// hands it on and ends.
func browse(ctx context.Context, address string) error {
	words := opener(runtime.GOOS)
	output, err := exec.CommandContext(ctx, words[0], append(words[1:], address)...).CombinedOutput()
	if told := strings.TrimSpace(string(output)); err != nil && told != "" && !errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s: %w: %s", words[0], err, told)
	}
	return err
}

func opener(system string) []string {
	switch system {
	case "darwin":
		return []string{"open"}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	return []string{"xdg-open"}
}
