package engine

import "time"

// Phase of a resource within one run.
type Phase string

// Phases in the order in which they can follow each other.
const (
	Reading    Phase = "reading"
	Creating   Phase = "creating"
	Updating   Phase = "updating"
	Replacing  Phase = "replacing"
	Deleting   Phase = "deleting"
	Waiting    Phase = "waiting" // Detail says for what
	Created    Phase = "created"
	Updated    Phase = "updated"
	Replaced   Phase = "replaced"
	Deleted    Phase = "deleted"
	Unchanged  Phase = "unchanged"
	Failed     Phase = "failed"
	NotStarted Phase = "not started" // something it depends on failed, or the run was interrupted
)

// Event tells one step of one resource.
type Event struct {
	Key     string
	Kind    string
	Name    string
	Phase   Phase
	Detail  string
	Elapsed time.Duration
	Err     error
}

// Observer takes events. It is called from one goroutine at a time.
type Observer func(Event)
