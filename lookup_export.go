package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"enrich/items"
)

// exportTo writes every item into a file, which takes its name when it is complete. A
// link leads to the file that it names, whose mode is kept, and what is no file, as a
// pipe or a device, is written into.
func exportTo(c *cli.Context, table *items.Table, name string, observe func(int)) (int, error) {
	mode := os.FileMode(0o600) // items may be of people
	if info, err := os.Stat(name); err == nil {
		if !info.Mode().IsRegular() {
			return exportInto(c, table, name, observe)
		}
		mode = info.Mode().Perm()
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return 0, fmt.Errorf("following the link: %w", err)
		}
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if err != nil {
		return 0, fmt.Errorf("creating the file: %w", err)
	}
	n, err := exportItems(c, table, file, observe)
	if err == nil {
		err = errors.Join(file.Chmod(mode), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return n, errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(file.Name()))
	}
	return n, nil
}

// exportInto writes every item into what is there.
func exportInto(c *cli.Context, table *items.Table, name string, observe func(int)) (int, error) {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return 0, fmt.Errorf("opening the file: %w", err)
	}
	n, err := exportItems(c, table, file, observe)
	if err = errors.Join(err, file.Close()); err != nil {
		return n, fmt.Errorf("writing %s: %w", name, err)
	}
	return n, nil
}

func exportItems(c *cli.Context, table *items.Table, to io.Writer, observe func(int)) (n int, err error) {
	w := bufio.NewWriter(to)
	for item, err := range table.All(c.Context) {
		if err != nil {
			return n, err
		}
		if _, err := w.Write(append(item, '\n')); err != nil {
			return n, err
		}
		n++
		observe(n)
	}
	return n, w.Flush()
}
