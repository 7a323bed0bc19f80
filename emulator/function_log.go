package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	tailLimit = 4 * kib   // bytes of LogType Tail
	lineLimit = 256 * kib // longer lines are cut into events of this size, as CloudWatch Logs' limit is
)

// functionLog brings what one execution environment writes, and what Lambda
// itself has to say of it, into the function's log group in the right order.
type functionLog struct {
	clock  Clock
	group  string
	stream string
	asJSON bool
	system bool // platform lines of level INFO are wanted
	sink   func(events []logEvent)

	reader *os.File
	writer *os.File // the process has a copy of it
	mark   []byte   // tells a flush apart from all that a function may write
	done   chan struct{}

	mu      sync.Mutex
	waiting chan struct{} // closed when the mark has come through
	tail    []byte
}

// openLog makes the log of a new environment. Its stream is named as Lambda
// names them.
func (l *lambdaService) openLog(d deployment) (*functionLog, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("opening a function's output: %w", err)
	}
	now := l.clock.Now().UTC()
	logging := d.config.LoggingConfig
	g := &functionLog{
		clock: l.clock, group: *logging.LogGroup, reader: reader, writer: writer, done: make(chan struct{}),
		stream: fmt.Sprintf("%s[%s]%s", now.Format("2006/01/02/"), latestVersion, randomHex(16)),
		asJSON: logging.LogFormat == types.LogFormatJson,
		system: logging.SystemLogLevel != types.SystemLogLevelWarn,
		mark:   []byte("\x00" + randomHex(16) + "\n"),
	}
	groupARN := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", partOf(d.function.arn, 1), partOf(d.function.arn, 3), l.account, g.group)
	resource := groupARN + ":log-stream:" + g.stream
	logger := l.logger.With("function", d.function.name)
	var lost sync.Once // one line tells of it, not one for each line
	g.sink = func(events []logEvent) {
		err := l.mayLog(*d.config.Role, resource)
		if err == nil {
			err = l.logs.write(groupARN, g.stream, events)
		}
		if err != nil {
			lost.Do(func() { logger.Warn("a function's log is lost", "error", err) })
		}
	}
	go g.read(logger)
	return g, nil
}

// mayLog holds a role to what Lambda needs to write the log in its name.
func (l *lambdaService) mayLog(role, resource string) error {
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := l.roles.allowed(role, action, resource); err != nil {
			return err
		}
	}
	return nil
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails: crypto/rand crashes the program instead
	return hex.EncodeToString(b)
}

// read turns the function's output into events until the pipe is closed.
func (g *functionLog) read(logger *slog.Logger) {
	defer close(g.done)
	buffer := make([]byte, 64*kib)
	var rest []byte
	for {
		n, err := g.reader.Read(buffer)
		rest = g.lines(append(rest, buffer[:n]...))
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
				logger.Error("reading a function's output", "error", err)
			}
			g.emit(rest)
			return
		}
	}
}

// lines writes every whole line, and answers to each mark on its way; what
// remains is given back.
func (g *functionLog) lines(data []byte) []byte {
	for {
		at := bytes.Index(data, g.mark)
		chunk := data
		if at >= 0 {
			chunk = data[:at]
		}
		whole := bytes.LastIndexByte(chunk, '\n') + 1
		if at >= 0 || len(chunk)-whole > lineLimit {
			whole = len(chunk)
		}
		g.emit(chunk[:whole])
		if at < 0 {
			return data[whole:]
		}
		data = data[at+len(g.mark):]
		g.mu.Lock()
		if g.waiting != nil {
			close(g.waiting)
			g.waiting = nil
		}
		g.mu.Unlock()
	}
}

// emit writes lines as events of now.
func (g *functionLog) emit(text []byte) {
	var events []logEvent
	now := g.clock.Now()
	for line := range bytes.Lines(text) {
		for ; len(line) > lineLimit; line = line[lineLimit:] {
			events = append(events, newLogEvent(now, string(line[:lineLimit])))
		}
		events = append(events, newLogEvent(now, string(line)))
	}
	if len(events) == 0 {
		return
	}
	g.mu.Lock()
	g.tail = append(g.tail, text...)
	if over := len(g.tail) - tailLimit; over > 0 {
		g.tail = append(g.tail[:0], g.tail[over:]...)
	}
	g.mu.Unlock()
	g.sink(events)
}

// flush waits until all that was written before it has come through.
func (g *functionLog) flush() {
	waiting := make(chan struct{})
	g.mu.Lock()
	g.waiting = waiting
	g.mu.Unlock()
	if _, err := g.writer.Write(g.mark); err != nil {
		return // closed: there is nothing more to come
	}
	select {
	case <-waiting:
	case <-g.done:
	}
}

// begin forgets the tail of the invocation before.
func (g *functionLog) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tail = g.tail[:0]
}

// last gives the tail of what was written since begin.
func (g *functionLog) last() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return bytes.Clone(g.tail)
}

// close ends the log after all that was written to it. The deadline is for a
// program that left the process group and still holds the pipe; Windows has no
// deadlines for pipes, and no such programs.
func (g *functionLog) close() {
	g.flush()
	_ = g.writer.Close()
	_ = g.reader.SetReadDeadline(time.Unix(1, 0))
	<-g.done
	_ = g.reader.Close()
}

// platform writes a line of Lambda's own: text, or in a JSON log the record of
// that type. https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
func (g *functionLog) platform(text, kind string, record map[string]any) {
	if !g.asJSON {
		g.emit([]byte(text + "\n"))
		return
	}
	if !g.system {
		return
	}
	line, err := json.Marshal(struct {
		Time   string         `json:"time"`
		Type   string         `json:"type"`
		Record map[string]any `json:"record"`
	}{isoTime(g.clock.Now()), kind, record})
	if err != nil {
		panic(fmt.Sprintf("platform record %s: %v", kind, err)) // records hold plain values
	}
	g.emit(append(line, '\n'))
}

// isoTime is AWS's usual text of a time.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
