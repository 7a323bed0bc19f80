//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build makes the function as `make function` does, but for this machine.
func build(ctx context.Context, directory string) (program string, err error) {
	program = filepath.Join(directory, "bootstrap")
	command := exec.CommandContext(ctx, "go", "build", "-tags=lambda.norpc", "-trimpath", "-ldflags=-s -w -buildid=", "-o", program, "enrich/lambda/bootstrap")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the function: %w\n%s", err, output)
	}
	return program, nil
}
