package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"enrich/unpack"
)

// input opens a file, or stdin for "-".
func (p *program) input(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return untilDone(ctx, p.in), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the input: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the input: %w", err)
	}
	if info.IsDir() {
		return nil, failf("opening the input: %s is a directory", name)
	}
	return file, nil
}

// windowLimit is how far back zstd may look, in bytes: what zstd --ultra -22 wants.
const windowLimit = 128 << 20

// unpacked takes the compression of a file away, which it closes if it cannot.
func unpacked(name string, in io.ReadCloser) (io.ReadCloser, error) {
	text, err := unpack.Reader(in, windowLimit)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unpacking %s: %w", name, err), in.Close())
	}
	return plainFile{withoutMark(text), text, in}, nil
}

// plainFile is a file without its compression.
type plainFile struct {
	text            *bufio.Reader
	unpacking, file io.Closer
}

func (f plainFile) Read(into []byte) (int, error) {
	n, err := f.text.Read(into)
	if errors.Is(err, io.ErrUnexpectedEOF) { // a JSON decoder would take it for its own
		err = errors.New("the compressed file is cut off: pack it, or fetch it, once more")
	}
	return n, err
}

func (f plainFile) Close() error { return errors.Join(f.unpacking.Close(), f.file.Close()) }

// withoutMark leaves out a byte order mark: it belongs to the file.
func withoutMark(in io.Reader) *bufio.Reader {
	buffered := bufio.NewReader(in)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // these three have been peeked at
	}
	return buffered
}

// untilDone reads until the context ends: a read from a terminal or a pipe
// cannot be called off.
func untilDone(ctx context.Context, in io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		_ = w.CloseWithError(err) // never fails
	}()
	context.AfterFunc(ctx, func() {
		_ = w.CloseWithError(context.Cause(ctx)) // never fails
	})
	return r
}

// measure tells how much of an input was read, in bytes as they lie in its files.
type measure struct {
	total int64 // 0: not known
	read  atomic.Int64
}

// measureOf measures files, or stdin for "-", all of which must have a size for the
// total to be known.
func (p *program) measureOf(names []string) *measure {
	m := &measure{}
	for _, name := range names {
		info, err := os.Stat(name)
		if name == "-" {
			if file, ok := p.in.(*os.File); ok {
				info, err = file.Stat()
			} else {
				err = os.ErrInvalid
			}
		}
		if err != nil || !info.Mode().IsRegular() {
			m.total = 0
			return m
		}
		m.total += info.Size()
	}
	return m
}

// over measures what is read from one of the files.
func (m *measure) over(in io.ReadCloser) io.ReadCloser { return measured{in, m} }

type measured struct {
	io.ReadCloser
	by *measure
}

func (r measured) Read(into []byte) (int, error) {
	n, err := r.ReadCloser.Read(into)
	r.by.read.Add(int64(n))
	return n, err
}
