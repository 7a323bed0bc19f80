// Package items loads the items of a lookup table from CSV, NDJSON or a JSON
// array.
//
// Values of JSON keep their types: strings are S, numbers N with every digit,
// true and false BOOL, null NULL, lists L, objects M. What JSON has no type for is
// an object with one member: {"$binary": base64}, {"$string_set": […]},
// {"$number_set": […]}, {"$binary_set": […]}, and {"$map": {…}} is an object that
// would be taken for one of these. Items are written so, too. Cells of CSV are S unless
// a column has another type; an empty cell is an empty string, or with another
// type than S (and NULL) no attribute at all. The key takes the type that the
// table's key has, whatever it is in the file.
//
// Items with the key of another are replaced; of several rows with one key the
// last one counts. Every row is loaded or rejected with its line and a reason.
package items

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Options of a Load.
type Options struct {
	Table   string            // name of the table
	Key     string            // its key attribute; "": whatever the table has
	From    string            // the file's field that becomes the key; "": the one of its name
	Format  string            // csv, ndjson or json
	Types   map[string]string // of CSV columns: N, S, BOOL, NULL or JSON; default S
	DryRun  bool              // write nothing: Loaded are the rows that would be
	Observe func(Progress)    // called by one goroutine at a time; may be nil
}

// Progress of a Load.
type Progress struct {
	Loaded      int
	Rejected    int
	Unprocessed int // items that DynamoDB did not take, and that are written again
}

// Rejection is a row that was not loaded and never can be.
type Rejection struct {
	Line   int    `json:"line"` // from 1: the one on which the row begins
	Reason string `json:"reason"`
}

// Report is the outcome of a Load.
type Report struct {
	// Loaded are the rows of which the table now has the item, or that of a
	// later row with the same key.
	Loaded   int         `json:"loaded"`
	Rejected []Rejection `json:"rejected"` // never nil; by line
}

// client is the part of a dynamodb.Client that Load needs.
type client interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
}

// Load writes every item of in into the table. What is throttled is written
// again until the context ends. An error ends the loading; what the report counts
// is loaded then, and a rerun loads it once more without harm.
func Load(ctx context.Context, client *dynamodb.Client, in io.Reader, o Options) (Report, error) {
	return load(ctx, client, in, o)
}

func load(ctx context.Context, client client, in io.Reader, o Options) (Report, error) {
	l := &loader{client: client, options: o, report: Report{Rejected: []Rejection{}}}
	err := l.run(ctx, in)
	slices.SortFunc(l.report.Rejected, func(a, b Rejection) int { return a.Line - b.Line })
	return l.report, err
}

// row is one item, on its way from the file to the table.
type row struct {
	line     int
	item     map[string]types.AttributeValue
	identity string // of the key: rows with the same one are the same item
}

// source gives rows. A row that cannot be loaded comes with a reason instead of
// an item; io.EOF ends the source, any other error breaks it off.
type source interface {
	next() (r row, reason string, err error)
}

// loader is one run of Load.
type loader struct {
	client  client
	options Options
	key     key

	mu          sync.Mutex
	report      Report
	unprocessed int
}

func (l *loader) run(ctx context.Context, in io.Reader) error {
	described, err := l.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &l.options.Table})
	if err != nil {
		return fmt.Errorf("describing lookup table (%s): %w", l.options.Table, err)
	}
	if l.key, err = keyOf(described.Table, l.options.Key); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	inFile := l.key
	if l.options.From != "" {
		inFile.name = l.options.From
	}
	rows, err := open(interruptible(ctx, in), l.options, inFile)
	if err != nil {
		return err
	}
	w := l.start(ctx)
	take := w.give
	if l.options.DryRun {
		take = func(row) error { l.loaded(1, 0); return nil }
	}
	for err = w.ctx.Err(); err == nil; {
		err = l.step(rows, inFile.name, take)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	// A worker's error is the reason, if there is one, for the reading to end.
	if failed := w.wait(); failed != nil {
		return failed
	}
	return err
}

// open begins to read in one of the formats.
func open(in io.Reader, o Options, k key) (source, error) {
	switch o.Format {
	case CSV:
		return openCSV(in, o.Types, k)
	case NDJSON:
		return openLines(in), nil
	case JSON:
		return openArray(in)
	}
	return nil, fmt.Errorf("unknown format %q: it is csv, ndjson or json", o.Format)
}

// interruptible reads ahead in the background, so that a read that blocks does
// not outlast the context. (It goes on blocking there.)
func interruptible(ctx context.Context, in io.Reader) io.Reader {
	out, into := io.Pipe()
	context.AfterFunc(ctx, func() { out.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.Copy(into, in)
		into.CloseWithError(err)
	}()
	return out
}

// step takes one row on, the key of which is the field from.
func (l *loader) step(rows source, from string, take func(row) error) error {
	r, reason, err := rows.next()
	if err != nil {
		return err
	}
	if reason == "" {
		reason = l.key.rename(r.item, from)
	}
	if reason == "" {
		r.identity, reason = l.key.settle(r.item)
	}
	if reason == "" {
		reason = tooLarge(r.item)
	}
	if reason != "" {
		l.reject(r.line, reason)
		return nil
	}
	return take(r)
}

func (l *loader) reject(line int, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Rejected = append(l.report.Rejected, Rejection{Line: line, Reason: reason})
	l.observe()
}

// loaded counts rows that are stored, and items that have to be written again.
func (l *loader) loaded(rows, unprocessed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Loaded += rows
	l.unprocessed += unprocessed
	l.observe()
}

func (l *loader) observe() {
	if l.options.Observe != nil {
		l.options.Observe(Progress{Loaded: l.report.Loaded, Rejected: len(l.report.Rejected), Unprocessed: l.unprocessed})
	}
}

// keyOf finds the key of a table; want is the one that is expected.
func keyOf(table *types.TableDescription, want string) (key, error) {
	name := aws.ToString(table.TableName)
	var k key
	for _, element := range table.KeySchema {
		if element.KeyType == types.KeyTypeRange {
			return key{}, fmt.Errorf("lookup table (%s) has the sort key %q: a lookup needs a table with a partition key alone",
				name, aws.ToString(element.AttributeName))
		}
		k.name = aws.ToString(element.AttributeName)
	}
	if want != "" && k.name != want {
		return key{}, fmt.Errorf("lookup table (%s) has the key %q, not %q", name, k.name, want)
	}
	for _, attribute := range table.AttributeDefinitions {
		if aws.ToString(attribute.AttributeName) == k.name {
			k.kind = attribute.AttributeType
		}
	}
	return k, nil
}
