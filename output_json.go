package main

import (
	"encoding/json"
	"time"

	"enrich/config"
	"enrich/emulator"
	"enrich/engine"
	"enrich/pipeline"
	"enrich/redrive"
)

// The documents of -o json. Their shapes are promises: fields are added, never
// renamed or removed.

// foundDocument names a resource.
type foundDocument struct {
	Key  string `json:"key"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	ARN  string `json:"arn,omitempty"`
}

func founds(resources []engine.Resource) []foundDocument {
	all := []foundDocument{}
	for _, r := range resources {
		all = append(all, foundDocument{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ARN: r.ARN()})
	}
	return all
}

// foreignDocument is a resource that stands in the way of a run.
type foreignDocument struct {
	Key       string `json:"key"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	ARN       string `json:"arn,omitempty"`
	ManagedBy string `json:"managed_by,omitempty"` // the tool that manages it as a part of this pipeline
	Pipeline  string `json:"pipeline,omitempty"`   // another one, which it belongs to
}

// resultDocument is what became of a resource in one run.
type resultDocument struct {
	Key       string `json:"key"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Result    string `json:"result"` // created, updated, replaced, deleted, unchanged, failed or not started
	ElapsedMS int64  `json:"elapsed_ms"`
	// Fields are what an update or a replacement has changed.
	Fields  []engine.Change `json:"fields,omitempty"`
	Drift   bool            `json:"drift,omitempty"`   // somebody else had changed or deleted it
	Adopted bool            `json:"adopted,omitempty"` // it was not the pipeline's before
	Error   string          `json:"error,omitempty"`
}

func results(report *engine.Report) []resultDocument {
	all := []resultDocument{}
	for _, r := range report.Results {
		d := resultDocument{Key: r.Key, Kind: r.Kind, Name: r.Name, Result: string(r.Phase), ElapsedMS: r.Elapsed.Milliseconds(),
			Fields: r.Changes, Drift: r.Drift, Adopted: r.Adopted}
		if r.Err != nil {
			d.Error = r.Err.Error()
		}
		all = append(all, d)
	}
	return all
}

// problemDocument is one thing that is wrong with the settings.
type problemDocument struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

func problemDocuments(problems *config.Problems) []problemDocument {
	all := []problemDocument{}
	for _, p := range problems.List {
		all = append(all, problemDocument(p))
	}
	return all
}

// deployDocument is the result of deploy.
type deployDocument struct {
	Changed   bool              `json:"changed"` // false: there was nothing to do
	Resources []resultDocument  `json:"resources"`
	Kept      []foundDocument   `json:"kept"` // recorded, but no longer in the configuration
	Outputs   map[string]string `json:"outputs"`
	ElapsedMS int64             `json:"elapsed_ms"`
	Timing    timingDocument    `json:"timing"` // where the time went
}

// planDocument is the result of plan.
type planDocument struct {
	Changes []changeDocument `json:"changes"` // what deploy would do, in its order
	// ManagedBy is the tool that manages the pipeline: only with --adopt would deploy
	// do it.
	ManagedBy string           `json:"managed_by,omitempty"`
	Kept      []foundDocument  `json:"kept"`
	Cost      planCostDocument `json:"cost"` // of the pipeline as it will be
}

// changeDocument is one resource that deploy would change.
type changeDocument struct {
	Key    string          `json:"key"`
	Kind   string          `json:"kind"`
	Name   string          `json:"name"`
	Action engine.Action   `json:"action"` // create, update, replace or delete
	Fields []engine.Change `json:"fields"`
	// Drift tells that somebody else has changed or deleted it.
	Drift bool `json:"drift,omitempty"`
	// Adopted tells that it is not the pipeline's yet.
	Adopted bool `json:"adopted,omitempty"`
}

// statusDocument is the result of status.
type statusDocument struct {
	Time        time.Time         `json:"time"`     // when it was asked for
	Deployed    bool              `json:"deployed"` // false: nothing of it exists
	Healthy     bool              `json:"healthy"`  // true: it does its work, and is as it should be
	Name        string            `json:"name"`
	Environment string            `json:"environment"`
	ManagedBy   string            `json:"managed_by,omitempty"` // enrich, or the tool that has to change it
	Resources   []statusResource  `json:"resources"`
	Problems    []string          `json:"problems"` // why it is not healthy
	Outputs     map[string]string `json:"outputs"`
	// Activity is what a deployed pipeline did; ActivityUnknown is why that could not
	// be read.
	Activity        []activityDocument `json:"activity"`
	ActivityUnknown string             `json:"activity_unknown,omitempty"` // why the figures could not be read
	// Health is that of a deployed pipeline.
	Health *healthDocument `json:"health,omitempty"`
	// Verdict is all of it in a line: healthy, ill or not deployed, and why.
	Verdict  string    `json:"verdict"`
	ailments []ailment // that Problems are of
}

// healthDocument is how a pipeline does, besides its figures.
type healthDocument struct {
	Mapping       *mappingDocument `json:"mapping"`                         // null: there is none
	Alarms        alarmsDocument   `json:"alarms"`                          // by their state
	CacheHitRate  rateDocument     `json:"cache_hit_rate"`                  // of the function: the share of lookups that needed no read
	Newest        *newestDocument  `json:"newest_object"`                   // null: there is none
	NewestUnknown string           `json:"newest_object_unknown,omitempty"` // why it could not be found
}

// mappingDocument is what Lambda says of the event source mapping.
type mappingDocument struct {
	State      string `json:"state"`       // Enabled, Disabled, Updating …
	LastResult string `json:"last_result"` // of its last invocation
}

// alarmsDocument counts alarms by their states.
type alarmsDocument struct {
	OK               int      `json:"ok"`                // how many
	Alarm            int      `json:"alarm"`             // how many
	InsufficientData int      `json:"insufficient_data"` // how many
	InAlarm          []string `json:"in_alarm"`          // names
}

// rateDocument is a share, from 0 to 1, of the last minutes; null is no data.
type rateDocument struct {
	LastFiveMinutes *float64 `json:"last_5_minutes"` // in these
	LastHour        *float64 `json:"last_hour"`      // in this
}

// newestDocument is the enriched object that was stored last.
type newestDocument struct {
	Key        string    `json:"key"`         // of the object
	StoredAt   time.Time `json:"stored_at"`   // when
	AgeSeconds float64   `json:"age_seconds"` // since then
	Partly     bool      `json:"at_most"`     // not all were looked at: a newer one may be there
}

// activityDocument is one metric of the last minutes; null is no data.
type activityDocument struct {
	Name            string   `json:"name"`
	Title           string   `json:"title"`
	Unit            string   `json:"unit"`           // ms, or "" for a number of things
	LastFiveMinutes *float64 `json:"last_5_minutes"` // its figure in these; null is no data
	LastHour        *float64 `json:"last_hour"`      // its figure in this; null is no data
	bars            string   // of the last hour's minutes, for people
}

// statusResource is one resource as it was found.
type statusResource struct {
	Key    string `json:"key"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	ARN    string `json:"arn,omitempty"`
	ID     string `json:"id,omitempty"`
	Status string `json:"status"`           // AWS's own word; missing, unknown or foreign
	Detail string `json:"detail,omitempty"` // more about the state, for people
	// Problem is why the resource does not do its work.
	Problem string          `json:"problem,omitempty"`
	Drift   []engine.Change `json:"drift"` // what differs from the configuration
	// ManagedBy is its tag managed-by.
	ManagedBy string `json:"managed_by,omitempty"`
}

// destroyDocument is the result of destroy.
type destroyDocument struct {
	Destroyed bool             `json:"destroyed"` // false: there was nothing
	Searched  bool             `json:"searched"`  // by tag, too; false: names alone prove that nothing is left
	Resources []resultDocument `json:"resources"`
	Kept      []foundDocument  `json:"kept"` // as --keep-data and --keep-logs ask
	ElapsedMS int64            `json:"elapsed_ms"`
	Timing    timingDocument   `json:"timing"` // where the time went
}

// putDocument is the result of put.
type putDocument struct {
	Sent      int                 `json:"sent"`      // the number of events
	Bytes     int64               `json:"bytes"`     // of the events that were sent
	Throttled int                 `json:"throttled"` // entries that were refused, and sent again
	Rejected  []rejectionDocument `json:"rejected"`
	Rejects   string              `json:"rejects,omitempty"` // the file that has them
	Untimed   int                 `json:"untimed,omitempty"` // sent without waiting for a time that they do not have
	ElapsedMS int64               `json:"elapsed_ms"`
	Skip      string              `json:"skip,omitempty"` // of a failure: what --skip takes to go on
}

// redriveDocument is the result of redrive. Of a dry run, sent and moved are what would
// be.
type redriveDocument struct {
	Objects       int               `json:"objects"`        // that were found
	Records       int               `json:"records"`        // in them
	Sent          int               `json:"sent"`           // records
	AlreadySent   int               `json:"already_sent"`   // by an earlier run
	AlreadyStored int               `json:"already_stored"` // of failed batches: enriched, or dead letters
	Moved         int               `json:"moved"`          // objects
	Skipped       []redrive.Skipped `json:"skipped"`        // objects that stay
	Reasons       []redrive.Reason  `json:"reasons"`        // why the records had failed
	DryRun        bool              `json:"dry_run"`        // nothing was changed: sent and moved are what would be
	ElapsedMS     int64             `json:"elapsed_ms"`
}

func (d *redriveDocument) fill(r redrive.Report, took time.Duration) {
	d.Objects, d.Records, d.Sent, d.AlreadySent, d.AlreadyStored, d.Moved = r.Objects, r.Records, r.Sent, r.AlreadySent, r.AlreadyStored, r.Moved
	d.Skipped, d.Reasons = append([]redrive.Skipped{}, r.Skipped...), append([]redrive.Reason{}, r.Reasons...)
	d.ElapsedMS = took.Milliseconds()
}

// loadDocument is the result of lookup load.
type loadDocument struct {
	Table    string              `json:"table"`
	Loaded   int                 `json:"loaded"`  // the number of items
	DryRun   bool                `json:"dry_run"` // nothing was written: loaded is what would be
	Rejected []rejectionDocument `json:"rejected"`
}

// itemDocument is the result of lookup get.
type itemDocument struct {
	Table string          `json:"table"`
	Item  json.RawMessage `json:"item"` // as lookup load takes it
}

// deletedDocument is the result of lookup delete.
type deletedDocument struct {
	Table   string `json:"table"`
	Key     string `json:"key"`
	Deleted bool   `json:"deleted"` // false: there was no such item
}

// exportDocument is the result of lookup export into a file.
type exportDocument struct {
	Table    string `json:"table"`
	File     string `json:"file"`     // where they are
	Exported int    `json:"exported"` // the number of items
}

// rejectionDocument is a line that was left out.
type rejectionDocument struct {
	File   string `json:"file,omitempty"` // where there are several
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// localDocument tells where the emulator is. It is also the file by which other
// commands find it.
type localDocument struct {
	PID      int       `json:"pid"`
	Port     int       `json:"port"`
	Endpoint string    `json:"endpoint"`
	Started  time.Time `json:"started"`
}

// localStopDocument is the result of local stop.
type localStopDocument struct {
	Stopped bool `json:"stopped"` // false: none was running
}

// localStatusDocument is the result of local status. Of what does not run it says no more.
type localStatusDocument struct {
	Running     bool                        `json:"running"` // false: there is none
	PID         int                         `json:"pid,omitempty"`
	Port        int                         `json:"port,omitempty"`
	Endpoint    string                      `json:"endpoint,omitempty"`
	Started     time.Time                   `json:"started,omitzero"`
	Account     string                      `json:"account,omitempty"`    // the account that it stands for
	Region      string                      `json:"region,omitempty"`     // the region that it stands for
	Unsupported []emulator.UnsupportedCount `json:"unsupported,omitzero"` // what it was asked for and does not have
}

// localLogsDocument is the result of local logs.
type localLogsDocument struct {
	Lines []string `json:"lines"` // as they were logged
}

// localLogDocument is a line of what local logs follows.
type localLogDocument struct {
	Line string `json:"line"` // as it was logged
}

// policyDocument is the output of policy.
type policyDocument struct {
	Policy pipeline.Policy `json:"policy"` // as IAM takes it
}

// logLineDocument is one line of what the function has logged.
type logLineDocument struct {
	Time    time.Time         `json:"time"`    // when it was logged
	Stream  string            `json:"stream"`  // the log stream
	Level   string            `json:"level"`   // "" where the line does not say
	Text    string            `json:"text"`    // its message
	Fields  map[string]string `json:"fields"`  // what else it says, by name
	Message string            `json:"message"` // as it was logged
}

// dashboardDocument is the result of dashboard.
type dashboardDocument struct {
	Name string `json:"name"`
	URL  string `json:"url"`  // "" where there is no console
	Body string `json:"body"` // the command that prints it
}

// metricsDocument is the result of metrics.
type metricsDocument struct {
	Since         time.Time        `json:"since"`
	Until         time.Time        `json:"until"`
	PeriodSeconds int              `json:"period_seconds"` // the length of a period
	Metrics       []metricDocument `json:"metrics"`        // one for each
}

// metricDocument is one metric.
type metricDocument struct {
	Name      string          `json:"name"`
	Title     string          `json:"title"`
	Unit      string          `json:"unit"`      // ms, bytes, or "" for a number of things
	Statistic string          `json:"statistic"` // Sum, Average, Maximum or a percentile as p99
	Total     *float64        `json:"total"`     // of the whole time; null without data
	Values    []valueDocument `json:"values"`
}

// valueDocument is a metric in the period that begins At.
type valueDocument struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}
