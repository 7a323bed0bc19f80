package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// rejects keeps the lines that cannot be sent, as they were, so that they can be
// corrected and put again. Line by line a second file tells where each of them stood
// and what is wrong with it.
type rejects struct {
	name           string // "": nothing is kept
	lines, reasons *os.File
	kept           int
	begun          bool // the files were there before
}

// reasonsOf is the name of the second file.
func reasonsOf(name string) string { return name + ".reasons" }

// openRejects makes both files. Whoever goes on where a put was interrupted goes on in
// its files as well; otherwise there must be none yet.
func openRejects(name string, goesOn bool, inputs []string) (*rejects, error) {
	r := &rejects{name: name}
	if name == "" || name == "-" {
		return r, failf("--rejects %s: it is the name of a file", name)
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if goesOn {
		how = os.O_WRONLY | os.O_CREATE | os.O_APPEND
		_, err := os.Stat(name)
		r.begun = err == nil
	}
	for _, file := range []struct {
		name string
		to   **os.File
	}{{name, &r.lines}, {reasonsOf(name), &r.reasons}} {
		if isInput(file.name, inputs) {
			return r, errors.Join(failf("--rejects %s: %s is read from", name, file.name), r.close())
		}
		opened, err := os.OpenFile(file.name, how, 0o644)
		if errors.Is(err, fs.ErrExist) {
			err = failf("--rejects %s: %s exists already: name another one, or take it away", name, file.name)
		} else if err != nil {
			err = failf("--rejects %s: %w", name, err)
		}
		if err != nil {
			return r, errors.Join(err, r.close())
		}
		*file.to = opened
	}
	return r, nil
}

// isInput tells whether a file is one of those that are read.
func isInput(name string, inputs []string) bool {
	file, err := os.Stat(name)
	if err != nil {
		return false
	}
	for _, input := range inputs {
		if other, err := os.Stat(input); err == nil && os.SameFile(file, other) {
			return true
		}
	}
	return false
}

// keep writes one line. One that was too long to be held is an empty line, so that the
// lines of both files are about the same.
func (r *rejects) keep(file string, number int, reason string, line []byte) error {
	if line == nil {
		reason += "; it is not kept"
	}
	if _, err := r.lines.Write(append(line, '\n')); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(r.reasons, "%s:%d: %s\n", file, number, reason); err != nil {
		return err
	}
	r.kept++
	return nil
}

// close leaves no files that nothing was written into. It may be called again.
func (r *rejects) close() error {
	var failed []error
	for _, file := range []**os.File{&r.lines, &r.reasons} {
		if *file == nil {
			continue
		}
		failed = append(failed, (*file).Close())
		if r.kept == 0 && !r.begun {
			failed = append(failed, os.Remove((*file).Name()))
		}
		*file = nil
	}
	return errors.Join(failed...)
}
