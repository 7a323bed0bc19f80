// Package unpack takes compression away that the content itself tells of.
package unpack

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Reader gives what in holds, without gzip or zstd if it begins as they do, which no
// line of JSON or text does. zstd may want a window of up to so many bytes.
func Reader(in io.Reader, window uint64) (io.ReadCloser, error) {
	buffered := bufio.NewReader(in)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, err
		}
		return unpacked.IOReadCloser(), nil
	default:
		return io.NopCloser(buffered), nil
	}
}
