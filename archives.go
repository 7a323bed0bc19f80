package main

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"

	"enrich/pipeline"
)

// dist is filled by make. A placeholder in it lets the program compile before.
//
//go:embed all:dist
var dist embed.FS

// embedded is the archives of this build.
func embedded() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist // "dist" is a valid path, so this cannot be
	}
	return sub
}

// architectures that the function is built for, as the configuration names
// them.
func architectures() []string { return []string{"arm64", "amd64"} }

// readArchive reads the function for one architecture. Without one it answers
// fs.ErrNotExist.
func readArchive(archives fs.FS, architecture string) (pipeline.Code, error) {
	if architecture == "x86_64" { // Lambda's word for it
		architecture = "amd64"
	}
	zip, err := fs.ReadFile(archives, "function-linux-"+architecture+".zip")
	if err != nil {
		return pipeline.Code{}, fmt.Errorf("reading the function for %s: %w", architecture, err)
	}
	sum := sha256.Sum256(zip)
	return pipeline.Code{Zip: zip, SHA256: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

// everyArchive reads the archives that this build has, by architecture.
func everyArchive(archives fs.FS) (map[string]pipeline.Code, error) {
	codes := map[string]pipeline.Code{}
	for _, architecture := range architectures() {
		code, err := readArchive(archives, architecture)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		codes[architecture] = code
	}
	return codes, nil
}

// errNoArchive is what a build from a fresh clone, before make, has to say.
func errNoArchive(architecture string) error {
	return failf("this build of enrich contains no function for %s", architecture).
		with("NoFunction", nil).
		hint("run make in the source directory, and use the enrich that it builds")
}
