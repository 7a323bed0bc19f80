package main

import (
	"bytes"
	"encoding/json"
	"errors"
	goflag "flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"enrich/audit"
	"enrich/delivery"
)

// documented are the shapes that each command prints with -o json, by the command's
// path: one document, or one of several by what was asked for. What a running command
// prints a line at a time (-f, --watch) is one of them as well. docs/json.md is made of
// them, and every document that a script sees is held to them.
func documented() map[string][]shape {
	return map[string][]shape{
		"deploy":       {{of: deployDocument{}}},
		"plan":         {{of: planDocument{}}},
		"status":       {{of: statusDocument{}}},
		"test-event":   {{of: testEventDocument{}}},
		"put":          {{of: putDocument{}}},
		"bench":        {{of: benchDocument{}}},
		"lookup load":  {{of: loadDocument{}}},
		"lookup get":   {{of: itemDocument{}}},
		"lookup put":   {{of: loadDocument{}}},
		"lookup list":  {{of: itemsDocument{}}},
		"results":      {{of: recordsDocument{}}, {"--failed-batches", failedBatchesDocument{}}, {"-f, a line each", anyRecord{}}},
		"logs":         {{of: linesDocument{}}, {"-f, a line each", logLineDocument{}}},
		"metrics":      {{of: metricsDocument{}}},
		"audit":        {{of: audit.Report{}}},
		"redrive":      {{of: redriveDocument{}}},
		"cost":         {{of: costDocument{}}},
		"dashboard":    {{of: dashboardDocument{}}},
		"init":         {{of: initDocument{}}},
		"config":       {{of: settingsDocument{}}},
		"completion":   {{of: completionDocument{}}},
		"destroy":      {{of: destroyDocument{}}},
		"policy":       {{of: policyDocument{}}},
		"export":       {{of: projectDocument{}}, {"--out -, the template", map[string]any{}}},
		"schema":       {{of: map[string]any{}}},
		"local start":  {{of: localDocument{}}},
		"local stop":   {{of: localStopDocument{}}},
		"local status": {{of: localStatusDocument{}}},
		"local logs":   {{of: localLogsDocument{}}, {"-f, a line each", localLogDocument{}}},
		"local run":    {{of: localDocument{}}},
		"local faults": {{of: faultsDocument{}}},
		"version":      {{of: build{}}},

		"lookup delete": {{of: deletedDocument{}}},
		"lookup export": {{"with FILE", exportDocument{}}, {"", itemsDocument{}}},
	}
}

// shape is a document and when it is printed.
type shape struct {
	when string
	of   any
}

// Documents that are printed piece by piece, so that no command holds them.
type (
	recordsDocument struct {
		Records []any    `json:"records"`         // the stored records, or with --dead-letter the dead letters
		Error   *failure `json:"error,omitempty"` // why there are no more
	}
	failedBatchesDocument struct {
		FailedBatches []delivery.FailedBatch `json:"failed_batches"`  // each that was given up
		Error         *failure               `json:"error,omitempty"` // why there are no more
	}
	linesDocument struct {
		Lines []logLineDocument `json:"lines"`           // in the order of time
		Error *failure          `json:"error,omitempty"` // why there are no more
	}
	itemsDocument struct {
		Items []any    `json:"items"`           // as lookup load takes them
		Error *failure `json:"error,omitempty"` // why there are no more
	}
	failureDocument struct {
		Error failure `json:"error"`
	}
	anyRecord = map[string]any
)

// documentsVariable tells the program under test where to leave what it prints.
const documentsVariable = "ENRICH_TEST_DOCUMENTS"

// recording runs the program, and keeps the documents that it prints.
func recording(run func() int) int {
	directory := os.Getenv(documentsVariable)
	if directory == "" || isTerminal(os.Stdout) || !wantsJSON(os.Args[1:]) {
		return run()
	}
	copied, err := os.CreateTemp(directory, "document-")
	if err != nil {
		return run()
	}
	defer func() { _ = copied.Close() }() // of the tests
	head, _ := json.Marshal(os.Args[1:])  // strings can be written
	_, _ = copied.Write(append(head, '\n'))
	read, write, err := os.Pipe()
	if err != nil {
		return run()
	}
	printed := os.Stdout
	os.Stdout = write
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(io.MultiWriter(printed, copied), read)
		_ = read.Close() // so that the program hears of it when nobody reads
	})
	code := run()
	_ = write.Close()
	copying.Wait()
	return code
}

func wantsJSON(words []string) bool {
	p := &program{getenv: os.Getenv}
	line, err := arrange(p.app(), words)
	return err == nil && p.firstLook(line).json
}

// verifyDocuments holds what the scripts have printed to the documented shapes. Of a
// whole run, every command must have shown each of its documents.
func verifyDocuments(t *testing.T, directory string) {
	seen := map[string]bool{}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		head, documents, _ := bytes.Cut(content, []byte("\n"))
		var words []string
		if err := json.Unmarshal(head, &words); err != nil {
			return err
		}
		verifyPrinted(t, words, documents, seen)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(goflag.Lookup("test.run").Value.String(), "/") {
		return // some of the scripts
	}
	for command, shapes := range documented() {
		for _, s := range shapes {
			if !seen[command+fmt.Sprintf("%T", s.of)] {
				t.Errorf("no script has enrich %s print %T with -o json", command, s.of)
			}
		}
	}
}

func verifyPrinted(t *testing.T, words []string, documents []byte, seen map[string]bool) {
	line, err := arrange((&program{getenv: os.Getenv}).app(), words)
	if err != nil || line.Version || line.Help || line.Command == nil || line.Command.Hidden {
		return
	}
	command := strings.Join(line.Path, " ")
	decoder := json.NewDecoder(bytes.NewReader(documents))
	for {
		var document json.RawMessage
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // a follower that was killed
			return
		}
		if err != nil {
			t.Errorf("enrich %s: %v", strings.Join(words, " "), err)
			return
		}
		if fits(document, failureDocument{}) == nil {
			continue
		}
		var misfits []error
		for _, s := range documented()[command] {
			err := fits(document, s.of)
			if err == nil {
				seen[command+fmt.Sprintf("%T", s.of)] = true
				misfits = nil
				break
			}
			misfits = append(misfits, fmt.Errorf("%T: %w", s.of, err))
		}
		if misfits != nil || len(documented()[command]) == 0 {
			t.Errorf("enrich %s prints what is not documented: %v\n%s", strings.Join(words, " "), errors.Join(misfits...), document)
		}
	}
}

// fits tells whether a document has the members of a shape, no others, and each that is
// always there.
func fits(document []byte, of any) error {
	value := reflect.New(reflect.TypeOf(of))
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value.Interface()); err != nil {
		return err
	}
	again, err := json.Marshal(value.Interface())
	if err != nil {
		return err
	}
	var printed, documented any
	if err := errors.Join(json.Unmarshal(document, &printed), json.Unmarshal(again, &documented)); err != nil {
		return err
	}
	if !reflect.DeepEqual(printed, documented) {
		return fmt.Errorf("it says\n%s\nand by its documentation would say\n%s", document, again)
	}
	return nil
}
