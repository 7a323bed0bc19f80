package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestRun(t *testing.T) {
	directory := t.TempDir()
	program, out := filepath.Join(directory, "program"), filepath.Join(directory, "function.zip")
	if err := os.WriteFile(program, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-in", program, "-out", out}, io.Discard); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 || r.File[0].Name != "bootstrap" {
		t.Errorf("files %v, want bootstrap alone", r.File)
	}
}

func TestRunRefuses(t *testing.T) {
	directory := t.TempDir()
	for name, args := range map[string][]string{
		"nothing":         {},
		"no archive":      {"-in", "x"},
		"unknown flag":    {"-on", "x"},
		"further word":    {"-in", "x", "-out", "y", "z"},
		"missing program": {"-in", filepath.Join(directory, "none"), "-out", filepath.Join(directory, "out")},
		"no directory":    {"-in", os.Args[0], "-out", filepath.Join(directory, "none", "out")},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(args, io.Discard); err == nil {
				t.Errorf("pack %v succeeded", args)
			}
		})
	}
}
