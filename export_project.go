package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"enrich/export"
)

// writeProject writes the files that are not there as they are, and gives their names.
func writeProject(directory string, files []export.File, force bool) ([]string, error) {
	info, err := os.Stat(directory)
	exists := err == nil
	switch {
	case exists && !info.IsDir():
		return nil, failf("--out %s is a file, not a directory", directory)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("looking for the directory: %w", err)
	}
	missing := []export.File{}
	for _, f := range files {
		there, err := isThere(filepath.Join(directory, filepath.FromSlash(f.Name)), f)
		if err != nil {
			return nil, fmt.Errorf("looking for what is there: %w", err)
		}
		if !there {
			missing = append(missing, f)
		}
	}
	if exists && len(missing) > 0 && !force {
		return nil, failf("there is a directory %s already; nothing was changed", directory).
			hint("--force writes into it; files of other names stay as they are")
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory: %w", err)
	}
	written := []string{}
	for _, f := range missing {
		if err := writeProjectFile(directory, f); err != nil {
			failure := failf("writing the project: %w", err)
			if len(written) > 0 {
				failure = failure.hint("%s had been written before: --force writes the rest when there is a way", strings.Join(written, ", "))
			}
			return nil, failure
		}
		written = append(written, f.Name)
	}
	return written, nil
}

// isThere tells whether a file is as it would be written.
func isThere(path string, f export.File) (bool, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	executable := info.Mode()&0o100 != 0 || runtime.GOOS == "windows" // where names tell it
	return bytes.Equal(content, f.Content) && (executable || !f.Executable), nil
}

// writeProjectFile makes it readable to all: there are no secrets. It takes its name
// when it is complete; a link leads to the file that it names.
func writeProjectFile(directory string, f export.File) error {
	path, mode := filepath.Join(directory, filepath.FromSlash(f.Name)), fs.FileMode(0o644)
	if f.Executable {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = file.Write(f.Content)
	if err = errors.Join(err, file.Chmod(mode), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// staleFiles are those that an export in another format has left: they tell of the
// settings of that time, and a tool may be given them by mistake.
func staleFiles(directory string, dialect export.Dialect, files []export.File) ([]string, error) {
	stale := []string{}
	for _, format := range dialect.Formats {
		name := dialect.Single(format)
		if name == files[0].Name {
			continue
		}
		if _, err := os.Lstat(filepath.Join(directory, name)); err == nil {
			stale = append(stale, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("looking for what is there: %w", err)
		}
	}
	return stale, nil
}
