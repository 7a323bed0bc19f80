package main

import (
	"os"
	"testing"
)

// A cold start begins with fetching and unpacking the archive.
func TestArchiveSize(t *testing.T) {
	codes, err := everyArchive(os.DirFS(os.Getenv(archivesVariable)))
	if err != nil {
		t.Fatal(err)
	}
	for _, architecture := range architectures() {
		if size := len(codes[architecture].Zip); size == 0 || size > 8_000_000 {
			t.Errorf("%s: an archive of %d bytes, want at most 8,000,000", architecture, size)
		}
	}
}
