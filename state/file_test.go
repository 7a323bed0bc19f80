//go:build !windows

package state

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func permissions(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Mode().Perm()
}

func TestPermissions(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	must(t, s.Put(stream(Creating)))
	must(t, s.Put(stream(Created)))
	for _, name := range names(t, filepath.Dir(path)) {
		if got := permissions(t, filepath.Join(filepath.Dir(path), name)); got != 0o600 {
			t.Errorf("%s has %o", name, got)
		}
	}
	if got := permissions(t, filepath.Dir(path)); got != 0o700 {
		t.Errorf("the directory has %o", got)
	}
}

func TestPermissionsOfWhatIsThere(t *testing.T) {
	path := store(t, valid)
	must(t, os.Chmod(path, 0o644))
	must(t, os.Chmod(filepath.Dir(path), 0o755))
	open(t, path)
	if got := permissions(t, path); got != 0o600 {
		t.Errorf("the file has %o", got)
	}
	if got := permissions(t, filepath.Dir(path)); got != 0o700 {
		t.Errorf("the directory has %o", got)
	}
}

// TestDirectoryOfOthers: a directory that --state-dir names may be needed by
// others; its mode is theirs.
func TestDirectoryOfOthers(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "shared")
	must(t, os.Mkdir(shared, 0o755))
	path := Path(shared, false, "orders", "dev")
	must(t, open(t, path).Put(stream(Created)))
	if got := permissions(t, shared); got != 0o755 {
		t.Errorf("the directory has %o", got)
	}
	if got := permissions(t, path); got != 0o600 {
		t.Errorf("the file has %o", got)
	}
	local := Path(filepath.Join(t.TempDir(), ".enrich"), true, "orders", "dev")
	must(t, os.MkdirAll(filepath.Dir(local), 0o755))
	open(t, local)
	if got := permissions(t, filepath.Dir(local)); got != 0o700 {
		t.Errorf("the emulator's directory has %o", got)
	}
}

// TestLinks: a link in place of any of our files is neither followed nor
// written through.
func TestLinks(t *testing.T) {
	for _, suffix := range []string{"", ".lock"} {
		t.Run("file"+suffix, func(t *testing.T) {
			path := statePath(t)
			victim := filepath.Join(t.TempDir(), "victim")
			must(t, os.WriteFile(victim, []byte(valid), 0o600))
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.Symlink(victim, path+suffix))
			if s, err := Open(t.Context(), path, orders); err == nil || !strings.Contains(err.Error(), "not a regular file") {
				t.Errorf("opened %v, %v", s, err)
			}
		})
	}
	for _, suffix := range []string{".backup", ".holder"} {
		t.Run("file"+suffix, func(t *testing.T) {
			path := statePath(t)
			victim := filepath.Join(t.TempDir(), "victim")
			must(t, os.WriteFile(victim, []byte("precious"), 0o600))
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.Symlink(victim, path+suffix))
			s := open(t, path)
			must(t, s.Put(stream(Creating)))
			must(t, s.Put(stream(Created)))
			must(t, s.Close())
			if content, err := os.ReadFile(victim); err != nil || string(content) != "precious" {
				t.Errorf("the link was followed: %q, %v", content, err)
			}
		})
	}
}

func TestNotAFile(t *testing.T) {
	path := statePath(t)
	must(t, os.MkdirAll(path, 0o700))
	for what, err := range both(t, path, orders) {
		if err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestNoLinksInFileSystem: where a second link cannot be made, the backup is a
// copy.
func TestBackupByCopy(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "gone.json") // a link to nothing fails
	must(t, keep(path, []byte("old")))
	content, err := os.ReadFile(backupOf(path))
	if err != nil || string(content) != "old" {
		t.Errorf("%q, %v", content, err)
	}
	if got := permissions(t, backupOf(path)); got != 0o600 {
		t.Errorf("the backup has %o", got)
	}
}
