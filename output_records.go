package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// recordPrinter prints any number of records without holding them.
type recordPrinter interface {
	add(record []byte) error
	// end completes what was printed, broken does so after a failure.
	end() error
	broken(err error) error
}

// liveStream prints each record at once, on a line of its own.
type liveStream struct{ out *output }

func (l liveStream) add(record []byte) error {
	return l.out.live([]byte(shownOn(l.out.out, string(record))))
}
func (l liveStream) end() error             { return nil }
func (l liveStream) broken(err error) error { return err }

// recordStream prints any number of records without holding them: a line each,
// or as the elements of one document. With -o json nothing is printed before the
// first record, so that a failure before it is a document of its own.
type recordStream struct {
	out   *output
	name  string // of the document's list
	to    *bufio.Writer
	count int
	// fit is set where what is added has colours, and is safe for a terminal as it is.
	fit bool
}

func (o *output) records() *recordStream { return o.list("records") }

// list is a stream whose document has a name for what it lists.
func (o *output) list(name string) *recordStream {
	return &recordStream{out: o, name: name, to: bufio.NewWriter(o.out)}
}

// live prints a line at once: with -o json each of them is a document.
func (o *output) live(line []byte) error { return o.write(append(line, '\n')) }

func (o *output) write(text []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.out.Write(text); err != nil {
		return unwritten(err)
	}
	return nil
}

func (r *recordStream) add(record []byte) error {
	before := ""
	if r.out.json {
		before = ",\n    "
		if r.count == 0 {
			before = "{\n  \"" + r.name + "\": [\n    "
		}
		if !json.Valid(record) {
			quoted, err := json.Marshal(string(record))
			if err != nil {
				return fmt.Errorf("encoding a record: %w", err)
			}
			record = quoted
		}
	}
	r.count++
	text := string(record)
	if !r.fit {
		text = shownOn(r.out.out, text)
	}
	return r.write(before, text, r.lineEnd())
}

// lineEnd follows a record that stands by itself.
func (r *recordStream) lineEnd() string {
	if r.out.json {
		return ""
	}
	return "\n"
}

func (r *recordStream) write(texts ...string) error {
	for _, text := range texts {
		if _, err := r.to.WriteString(text); err != nil {
			return unwritten(err)
		}
	}
	return nil
}

// end completes what was printed.
func (r *recordStream) end() error {
	if !r.out.json {
		return r.flush()
	}
	if r.count == 0 {
		return r.out.document(map[string][]string{r.name: {}})
	}
	if err := r.write("\n  ]\n}\n"); err != nil {
		return err
	}
	return r.flush()
}

// broken completes what was printed before a failure. With -o json the failure
// becomes a part of the document that was begun.
func (r *recordStream) broken(err error) error {
	if !r.out.json || r.count == 0 {
		return errors.Join(err, r.flush())
	}
	encoded, encoding := json.Marshal(explain(err))
	if encoding != nil {
		return errors.Join(err, encoding)
	}
	if writing := errors.Join(r.write("\n  ],\n  \"error\": ", string(encoded), "\n}\n"), r.flush()); writing != nil {
		return writing
	}
	if errors.Is(err, context.Canceled) {
		return exit(exitInterrupted)
	}
	return exit(exitFailed)
}

func (r *recordStream) flush() error {
	if err := r.to.Flush(); err != nil {
		return unwritten(err)
	}
	return nil
}
