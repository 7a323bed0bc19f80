package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	filePermission      fs.FileMode = 0o600
	directoryPermission fs.FileMode = 0o700

	// maxSize is far above any state file: one that is larger is something else.
	maxSize = 16 << 20

	temporarySuffix = ".tmp"
)

func backupOf(path string) string { return path + ".backup" }

// makeDirectory makes the directory of state files. One that is there already
// is restricted to its owner only if it is named as ours: --state-dir may point
// to one that others need.
func makeDirectory(path string) error {
	if err := os.MkdirAll(path, directoryPermission); err != nil {
		return err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if filepath.Base(absolute) == ".enrich" || filepath.Base(filepath.Dir(absolute)) == ".enrich" {
		return narrow(absolute, directoryPermission)
	}
	return nil
}

// narrow takes permissions away that a file or directory has beyond the given
// ones.
func narrow(path string, permission fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if extra := info.Mode().Perm() &^ permission; extra == 0 || !hasPermissions {
		return nil
	}
	return os.Chmod(path, info.Mode().Perm()&permission)
}

// regular refuses whatever is not a plain file, links above all: following one
// would read or overwrite something else. A path that does not exist is fine.
func regular(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file (%s)", path, info.Mode().Type())
	}
	return nil
}

// read gives a file's content.
func read(path string) ([]byte, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(content) > maxSize {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxSize)
	}
	return content, err
}

// replace stores new content so that at any moment, whatever ends the process
// or the machine, the file is either the old or the new version. The old one is
// kept beside it.
func replace(path string, content, old []byte) error {
	if err := regular(path); err != nil {
		return err
	}
	temporary, err := writeTemporary(path, content)
	if err != nil {
		return err
	}
	if old != nil {
		err = keep(path, old)
	}
	if err == nil {
		err = rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncDirectory(filepath.Dir(path))
}

// keep makes the present file the backup: as a second link to it, so that no
// content is written twice, or as a copy where the file system has no links.
func keep(path string, old []byte) error {
	backup := backupOf(path)
	if err := os.Remove(backup); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(path, backup) == nil {
		return nil
	}
	temporary, err := writeTemporary(path, old)
	if err != nil {
		return err
	}
	if err := rename(temporary, backup); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// writeTemporary stores content durably in a new file in the same directory,
// that only its owner may read.
func writeTemporary(path string, content []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*"+temporarySuffix)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// sweep removes the temporary files of writes that were interrupted. The lock
// is held: nobody is writing one now.
func sweep(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), "."+filepath.Base(path)+".")
		if !ours || !strings.HasSuffix(rest, temporarySuffix) {
			continue
		}
		if err := os.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// usableBackup is the path of the backup if it could take the file's place.
func usableBackup(path string) string {
	backup := backupOf(path)
	content, err := read(backup)
	if err != nil {
		return ""
	}
	if _, err := decode(content); err != nil {
		return ""
	}
	return backup
}
