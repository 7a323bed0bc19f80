package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var orders = Binding{Name: "orders", Environment: "dev", Account: "123456789012", Region: "eu-west-1"}

func statePath(t *testing.T) string {
	return Path(filepath.Join(t.TempDir(), ".enrich"), false, "orders", "dev")
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, orders)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func stream(phase Phase) Resource {
	return Resource{Key: "data-stream", Kind: "data stream", Name: "orders-dev-stream", Phase: phase}
}

func names(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	must(t, err)
	found := []string{}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

func TestPath(t *testing.T) {
	for _, test := range []struct {
		local bool
		want  string
	}{
		{false, "d/orders-prod.json"},
		{true, "d/local/orders-prod.json"},
	} {
		if got := Path("d", test.local, "orders", "prod"); got != filepath.FromSlash(test.want) {
			t.Errorf("local %t: %s, want %s", test.local, got, test.want)
		}
	}
}

func TestLoadOfNothing(t *testing.T) {
	d, err := Load(statePath(t), orders)
	if d != nil || err != nil {
		t.Fatalf("%v, %v", d, err)
	}
}

func TestWhatIsPutIsLoaded(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	must(t, s.Put(stream(Creating)))
	must(t, s.Put(Resource{Key: "function", Kind: "function", Name: "f", ID: "i", ARN: "a", Hash: "h", Phase: Created}))
	must(t, s.SetOutputs(map[string]string{"stream": "orders-dev-stream"}))
	must(t, s.Put(stream(Created)))

	d, err := Load(path, orders)
	must(t, err)
	if diff := cmp.Diff(s.Document(), *d); diff != "" {
		t.Errorf("the file differs from the store (-store +file):\n%s", diff)
	}
	if d.Serial != 4 || d.Schema != Schema || len(d.Resources) != 2 || d.Resources[0].Phase != Created {
		t.Errorf("%+v", d)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(d.Lineage) {
		t.Errorf("lineage %q", d.Lineage)
	}

	must(t, s.Remove("function"))
	must(t, s.Remove("never-there"))
	must(t, s.Close())
	s = open(t, path)
	if _, there := s.Get("function"); there {
		t.Error("the removed function is back")
	}
	if got := s.Document(); got.Lineage != d.Lineage || got.Serial != 5 {
		t.Errorf("lineage %s, serial %d after opening again", got.Lineage, got.Serial)
	}
}

func TestTimes(t *testing.T) {
	s := open(t, statePath(t))
	must(t, s.Put(stream(Creating)))
	begun, _ := s.Get("data-stream")
	if begun.CreatedAt.IsZero() || !begun.CreatedAt.Equal(begun.UpdatedAt) {
		t.Errorf("%v, %v", begun.CreatedAt, begun.UpdatedAt)
	}
	must(t, s.Put(stream(Created)))
	if done, _ := s.Get("data-stream"); !done.CreatedAt.Equal(begun.CreatedAt) || done.UpdatedAt.Before(begun.UpdatedAt) {
		t.Errorf("%v, %v after %v", done.CreatedAt, done.UpdatedAt, begun)
	}
	given := stream(Created)
	given.CreatedAt = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	must(t, s.Put(given))
	if got, _ := s.Get("data-stream"); !got.CreatedAt.Equal(given.CreatedAt) {
		t.Errorf("created at %v, want %v", got.CreatedAt, given.CreatedAt)
	}
}

func TestDocumentIsACopy(t *testing.T) {
	s := open(t, statePath(t))
	must(t, s.Put(stream(Created)))
	outputs := map[string]string{"a": "b"}
	must(t, s.SetOutputs(outputs))
	outputs["a"] = "changed"
	d := s.Document()
	d.Resources[0].Name, d.Outputs["a"] = "changed", "changed"
	if got := s.Document(); got.Resources[0].Name == "changed" || got.Outputs["a"] == "changed" {
		t.Errorf("%+v", got)
	}
}

func TestPutRefusesWhatLoadWould(t *testing.T) {
	s := open(t, statePath(t))
	for _, r := range []Resource{
		{Kind: "k", Phase: Created},
		{Key: "k", Phase: Created},
		{Key: "k", Kind: "k"},
		{Key: "k", Kind: "k", Phase: "half"},
		{Key: "k", Kind: "k", Phase: Created, Name: "\xff"},
	} {
		if s.Put(r) == nil {
			t.Errorf("%+v was recorded", r)
		}
	}
	if got := s.Document().Serial; got != 0 {
		t.Errorf("serial %d", got)
	}
}

func TestNothingIsWrittenBeforeTheFirstPut(t *testing.T) {
	path := statePath(t)
	must(t, open(t, path).Close())
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

func TestDiscardLeavesNothing(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	must(t, s.Put(stream(Creating)))
	must(t, s.Put(stream(Deleting)))
	must(t, s.Discard())
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	for what, err := range map[string]error{
		"Put": s.Put(stream(Created)), "Remove": s.Remove("x"), "SetOutputs": s.SetOutputs(nil), "Discard": s.Discard(),
	} {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s after Discard: %v", what, err)
		}
	}
	must(t, s.Close())
}

func TestBackupIsTheVersionBefore(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	for i := range 3 {
		must(t, s.Put(stream(Creating)))
		content, err := os.ReadFile(backupOf(path))
		if i == 0 {
			if !os.IsNotExist(err) {
				t.Fatalf("a backup of nothing: %v", err)
			}
			continue
		}
		must(t, err)
		before, err := decode(content)
		must(t, err)
		if before.Serial != int64(i) {
			t.Errorf("the backup of serial %d has serial %d", i+1, before.Serial)
		}
	}
}

// TestFailedWrite: a write that fails changes neither file nor store.
func TestFailedWrite(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	must(t, s.Put(stream(Creating)))
	// The backup cannot be replaced by a file where a directory is in the way.
	must(t, os.MkdirAll(filepath.Join(backupOf(path), "full"), 0o700))
	if err := s.Put(stream(Created)); err == nil || !strings.Contains(err.Error(), "recording data-stream") {
		t.Fatalf("error %v", err)
	}
	d, err := Load(path, orders)
	must(t, err)
	if got, _ := s.Get("data-stream"); got.Phase != Creating || d.Resources[0].Phase != Creating || d.Serial != 1 {
		t.Errorf("store %+v, file %+v", got, d)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 4 { // file, backup, lock and holder
		t.Errorf("left: %q", got)
	}
	must(t, os.RemoveAll(backupOf(path)))
	must(t, s.Put(stream(Created)))
}

func TestConcurrentUse(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	must(t, s.Put(stream(Created)))
	const writers, each = 8, 10
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	reading.Go(func() {
		for serial := int64(0); ; {
			d, err := Load(path, orders)
			if err != nil || d == nil || d.Serial < serial {
				t.Errorf("read %v, %v after serial %d", d, err, serial)
				return
			}
			serial = d.Serial
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				key := fmt.Sprintf("%d/%d", w, i)
				if err := s.Put(Resource{Key: key, Kind: "k", Phase: Created}); err != nil {
					t.Error(err)
				}
				if _, there := s.Get(key); !there {
					t.Errorf("%s is not there", key)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	d, err := Load(path, orders)
	must(t, err)
	if len(d.Resources) != writers*each+1 || d.Serial != writers*each+1 {
		t.Errorf("%d resources, serial %d", len(d.Resources), d.Serial)
	}
}

func TestOpenNeedsToKnowItsPipeline(t *testing.T) {
	for _, b := range []Binding{
		{},
		{Name: "orders", Environment: "dev", Region: "eu-west-1"},
		{Name: "orders", Environment: "dev", Account: "123456789012"},
	} {
		if s, err := Open(t.Context(), statePath(t), b); err == nil {
			t.Errorf("%+v opened %v", b, s)
		}
	}
}
