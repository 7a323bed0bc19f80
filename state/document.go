// Package state keeps the local record of what a pipeline's resources are
// called and how far their making got.
//
// The record is a cache of the truth: the cloud is read before anything is
// created, and a lost record can be rebuilt.
package state

import "time"

// Schema is the version of the document that this build reads and writes.
const Schema = 1

// Document is the whole state file.
type Document struct {
	Schema      int               `json:"schema"`
	Serial      int64             `json:"serial"`  // grows with every write
	Lineage     string            `json:"lineage"` // random, made once
	Name        string            `json:"name"`
	Environment string            `json:"environment"`
	Account     string            `json:"account"`
	Region      string            `json:"region"`
	Endpoint    string            `json:"endpoint"` // "" is AWS itself, "local" the embedded emulator, else the URL
	Resources   []Resource        `json:"resources"`
	Outputs     map[string]string `json:"outputs,omitempty"`
	WrittenAt   time.Time         `json:"written_at"`
}

// Phase of a recorded resource.
type Phase string

// A creating or deleting resource may or may not exist.
const (
	Creating Phase = "creating"
	Created  Phase = "created"
	Deleting Phase = "deleting"
)

// Resource is one recorded resource.
type Resource struct {
	Key       string    `json:"key"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	ID        string    `json:"id,omitempty"`
	ARN       string    `json:"arn,omitempty"`
	Phase     Phase     `json:"phase"`
	Hash      string    `json:"hash,omitempty"` // of the desired data that was applied last
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
