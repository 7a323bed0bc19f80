package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// joined reads files one after the other as one text, without their compression. Its
// lines are counted on from file to file.
type joined struct {
	open  func(name string) (io.ReadCloser, error)
	names []string
	now   io.ReadCloser
	last  byte // that was given
	size  *measure

	mu     sync.Mutex // the reading may outlive the sending
	lines  int        // ends of lines that were given
	starts []int      // lines before each file that was opened
	marks  []mark     // from the last one that is settled; never empty
}

// mark is how much of the files was read when so many lines had been given.
type mark struct {
	lines int
	read  int64
}

// joinedInput reads the named files, or stdin for "-".
func (p *program) joinedInput(ctx context.Context, names []string) *joined {
	size := p.measureOf(names)
	return &joined{names: names, last: '\n', size: size, marks: make([]mark, 1), open: func(name string) (io.ReadCloser, error) {
		in, err := p.input(ctx, name)
		if err != nil {
			return nil, err
		}
		return unpacked(name, size.over(in))
	}}
}

// Read ends the last line of each file: that of the next is another one.
func (j *joined) Read(into []byte) (int, error) {
	for len(into) > 0 {
		if j.now == nil {
			if len(j.starts) == len(j.names) {
				return 0, io.EOF
			}
			if err := j.next(); err != nil {
				return 0, err
			}
		}
		n, err := j.now.Read(into)
		switch {
		case n > 0:
		case errors.Is(err, io.EOF) && j.last != '\n':
			into[0], n = '\n', 1
		case errors.Is(err, io.EOF):
			err, j.now = j.now.Close(), nil
			if err != nil {
				return 0, fmt.Errorf("%s: %w", j.names[len(j.starts)-1], err)
			}
			continue
		case err != nil:
			return 0, fmt.Errorf("%s: %w", j.names[len(j.starts)-1], err)
		default:
			continue
		}
		j.mu.Lock()
		if more := bytes.Count(into[:n], []byte("\n")); more > 0 {
			j.lines += more
			j.marks = append(j.marks, mark{j.lines, j.size.read.Load()})
		}
		j.mu.Unlock()
		j.last = into[n-1]
		return n, nil
	}
	return 0, nil
}

func (j *joined) next() (err error) {
	if j.now, err = j.open(j.names[len(j.starts)]); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.starts = append(j.starts, j.lines)
	return nil
}

// place is the file of a line, from 1, and its number there.
func (j *joined) place(line int) (file string, number int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.starts) - 1; i >= 0; i-- {
		if j.starts[i] < line {
			return j.names[i], line - j.starts[i]
		}
	}
	return "", line
}

// settled tells how much of the files is done with when all is up to a line: what lies
// between two marks counts evenly. It is never asked of a line before one that it was
// asked of.
func (j *joined) settled(through int) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.marks) > 1 && j.marks[1].lines <= through {
		j.marks = j.marks[1:]
	}
	from := j.marks[0]
	if len(j.marks) == 1 {
		return from.read
	}
	to := j.marks[1]
	return from.read + (to.read-from.read)*int64(through-from.lines)/int64(to.lines-from.lines)
}
