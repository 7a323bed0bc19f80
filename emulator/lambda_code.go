package emulator

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

const (
	zipLimit      = 50 * mib  // of a directly uploaded archive
	unpackedLimit = 250 * mib // of its contents
	bootstrapName = "bootstrap"
	codeDirectory = "code" // within the server's directory
)

// archive is uploaded code, unpacked. Functions and their environments share
// it; its files go with the last of them.
type archive struct {
	zip       []byte
	sha256    string // base64, as CodeSha256
	size      int64
	directory string // /var/task
	bootstrap entrypoint

	mu    sync.Mutex
	users int
}

// retain keeps the files until a release.
func (a *archive) retain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users++
}

// release gives one use back; the last one takes the files away. That they may
// already be gone, or be in use on Windows, harms nothing: the server removes
// its directory when it closes.
func (a *archive) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users--; a.users == 0 {
		_ = os.RemoveAll(a.directory)
	}
}

// unpack checks an uploaded archive as Lambda does and unpacks it. A missing or
// broken bootstrap is no fault here: Lambda finds it when it starts the function.
func (l *lambdaService) unpack(content []byte) (*archive, error) {
	if len(content) > zipLimit {
		return nil, lambdaFail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request must be smaller than %d bytes for the CreateFunction operation", zipLimit)
	}
	reader, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, badArchive()
	}
	if len(reader.File) == 0 {
		return nil, invalidParameter("Uploaded file must be a non-empty zip")
	}
	sum := sha256.Sum256(content)
	parent := filepath.Join(l.directory, codeDirectory)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("unpacking a function: %w", err)
	}
	directory, err := os.MkdirTemp(parent, hex.EncodeToString(sum[:6])+"-")
	if err != nil {
		return nil, fmt.Errorf("unpacking a function: %w", err)
	}
	a := &archive{zip: content, sha256: base64.StdEncoding.EncodeToString(sum[:]), size: int64(len(content)), directory: directory, users: 1}
	if err := unpackInto(directory, reader); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	if a.bootstrap, err = inspectEntrypoint(filepath.Join(directory, bootstrapName)); err != nil {
		return nil, errors.Join(fmt.Errorf("inspecting bootstrap: %w", err), os.RemoveAll(directory))
	}
	return a, nil
}

func badArchive() error {
	return invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

func unpackInto(directory string, reader *zip.Reader) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return fmt.Errorf("unpacking a function: %w", err)
	}
	var left int64 = unpackedLimit
	for _, file := range reader.File {
		if err := unpackFile(root, file, &left); err != nil {
			return errors.Join(err, root.Close())
		}
	}
	return root.Close()
}

// unpackFile writes one member of an archive; nothing outside of the root can be
// reached, whatever its name or the links say.
func unpackFile(root *os.Root, file *zip.File, left *int64) error {
	name := path.Clean(strings.ReplaceAll(file.Name, `\`, "/"))
	if name == "." {
		return nil
	}
	if !fs.ValidPath(name) {
		return badArchive()
	}
	if strings.HasSuffix(file.Name, "/") {
		return archiveError(root.MkdirAll(filepath.FromSlash(name), 0o755))
	}
	if parent := path.Dir(name); parent != "." {
		if err := root.MkdirAll(filepath.FromSlash(parent), 0o755); err != nil {
			return archiveError(err)
		}
	}
	in, err := file.Open()
	if err != nil {
		return badArchive()
	}
	defer in.Close() //nolint:errcheck // a reader of memory
	limited := io.LimitReader(in, *left+1)
	if file.Mode()&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(io.LimitReader(limited, 4*kib))
		if err != nil {
			return badArchive()
		}
		return archiveError(root.Symlink(string(target), filepath.FromSlash(name)))
	}
	// Lambda lets everyone read, and execute what says so.
	mode := file.Mode().Perm()&0o111 | 0o644
	out, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return archiveError(err)
	}
	n, copyErr := io.Copy(out, limited)
	closeErr := out.Close()
	if *left -= n; *left < 0 {
		return invalidParameter("Unzipped size must be smaller than %d bytes", unpackedLimit)
	}
	if copyErr != nil {
		if errors.Is(copyErr, zip.ErrChecksum) || errors.Is(copyErr, zip.ErrFormat) || errors.Is(copyErr, io.ErrUnexpectedEOF) {
			return badArchive()
		}
		return archiveError(copyErr)
	}
	return archiveError(closeErr)
}

// archiveError blames the archive for what can only come of its members' names,
// as a file that is used as a directory, and the host for the rest.
func archiveError(err error) error {
	if err == nil {
		return nil
	}
	for _, blame := range []error{fs.ErrExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.EISDIR} {
		if errors.Is(err, blame) {
			return badArchive()
		}
	}
	if strings.Contains(err.Error(), "escapes from parent") { // os.Root has no error value for it
		return badArchive()
	}
	return fmt.Errorf("unpacking a function: %w", err)
}
