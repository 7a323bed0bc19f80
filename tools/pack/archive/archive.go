// Package archive packs a program as an archive for AWS Lambda. The same
// program gives the same bytes, anywhere and at any time.
package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"time"
)

// Name of the program in the archive: Lambda's runtimes for own programs
// (provided.al2023) start the file of this name at the root.
const Name = "bootstrap"

// epoch is the earliest time that a zip file can hold.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Pack gives the archive with the program as its only file, executable for
// everybody.
func Pack(program []byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: Name, Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", Name, err)
	}
	if _, err := file.Write(program); err != nil {
		return nil, fmt.Errorf("packing %s: %w", Name, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", Name, err)
	}
	return b.Bytes(), nil
}
