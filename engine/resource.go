// Package engine plans, applies, inspects and destroys any list of resources.
// It knows no AWS: what a resource is and how it is made is the resource's own
// business, what happens when, at the same time as what, and what is recorded
// about it is the engine's.
package engine

import (
	"context"
	"errors"
)

// ErrNotFound is what Read answers, wrapped or not, when the resource does not
// exist.
var ErrNotFound = errors.New("not found")

// Resource is one thing that a pipeline consists of.
//
// Its methods are called from several goroutines for different resources, never
// at the same time for one resource. Their errors say what was attempted with
// which resource: "creating data stream (orders-dev-stream): …"; the engine adds
// nothing to them.
//
// A resource may also be a Desirer, a Recurrer and a Yielder.
type Resource interface {
	// Key identifies the resource within its pipeline and never changes:
	// "data-stream", "lookup-table/users", "alarm/iterator-age".
	Key() string
	// Kind is the word for people: "data stream", "lookup table".
	Kind() string
	// Name is the name that the cloud knows it by.
	Name() string
	// ARN is known before the resource exists, where it can be derived; else "".
	ARN() string
	// DependsOn lists the keys that must exist before this one is created and
	// that may only be deleted after it.
	DependsOn() []string

	// Read reports what exists. It answers ErrNotFound when nothing does.
	Read(ctx context.Context) (*Observed, error)
	// Diff lists the fields in which the observed differs from the desired.
	Diff(observed *Observed) []Change
	// Create makes the resource and waits until others can use it. It is called
	// again after an interruption, so each of its steps takes "exists already"
	// as done.
	Create(ctx context.Context, progress Progress) error
	// Update applies the changes in place and waits until they hold.
	Update(ctx context.Context, observed *Observed, changes []Change, progress Progress) error
	// Delete removes the resource with everything in it and waits until it is
	// gone. A resource that does not exist is a success.
	Delete(ctx context.Context, progress Progress) error
}

// Yielder is a resource that an update may make less than it was. What depends on
// it may still use what goes, so it is changed after them.
type Yielder interface {
	// Yields tells whether changes take something away and add nothing.
	Yields(changes []Change) bool
}

// Observed is what the cloud shows of a resource.
type Observed struct {
	ID     string `json:"id"`               // as AWS calls it: name, UUID or ARN
	ARN    string `json:"arn,omitempty"`    //
	Status string `json:"status"`           // AWS's own word: ACTIVE, Enabled, OK …
	Detail string `json:"detail,omitempty"` // a line for people: "2 shards", "14 objects"
	// Transient tells that the resource is on its way (CREATING, UPDATING).
	Transient bool `json:"transient,omitempty"`
	// Deleting tells that the resource is on its way out. A creation waits until
	// it is gone.
	Deleting bool `json:"deleting,omitempty"`
	// Unhealthy is the reason why the resource does not do its work; "" is well.
	Unhealthy string `json:"unhealthy,omitempty"`
	// Tags of the resource; nil where the kind cannot carry any.
	Tags map[string]string `json:"tags,omitempty"`
	// Spec has the type of the resource's own desired data.
	Spec any `json:"-"`
}

// Change is one field that differs.
type Change struct {
	Field string `json:"field"` // the setting, as batch_size or policy.DataStream
	Old   any    `json:"old"`
	New   any    `json:"new"`
	// Replace tells that the field cannot be changed in place.
	Replace bool `json:"replace,omitempty"`
}

// Progress takes what a resource has to tell while it works.
type Progress interface {
	// Identified records the resource's ID as soon as it is known, so that an
	// interruption cannot lose it.
	Identified(id, arn string)
	// Status says what is being waited for: "waiting for ACTIVE".
	Status(text string)
	// Waits tells that from now on the resource waits for the cloud, until done is
	// called.
	Waits() (done func())
}

// Container is a resource that holds data which its deletion takes along.
type Container interface {
	// Contents counts the data, for people: "14 object versions, 31 kB". It may
	// take some calls.
	Contents(ctx context.Context) (string, error)
}
