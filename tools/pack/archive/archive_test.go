package archive

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"
)

func TestPack(t *testing.T) {
	program := bytes.Repeat([]byte("\x7fELF and so on "), 5000)
	packed, err := Pack(program)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 || r.File[0].Name != "bootstrap" {
		t.Fatalf("files %v, want bootstrap alone", r.File)
	}
	if mode := r.File[0].Mode(); mode != 0o755 {
		t.Errorf("mode %v, want a regular file with 0755", mode)
	}
	if modified := r.File[0].Modified; !modified.Equal(epoch) {
		t.Errorf("modified %v, want %v", modified, epoch)
	}
	f, err := r.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content, program) {
		t.Error("the unpacked program is another one")
	}
}

func TestPackIsReproducible(t *testing.T) {
	program := bytes.Repeat([]byte("the same program "), 5000)
	first, err := Pack(program)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Pack(bytes.Clone(program))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("packing the same program twice gives different bytes")
	}
	other, err := Pack(append(program, '!'))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first, other) {
		t.Error("packing another program gives the same bytes")
	}
}
