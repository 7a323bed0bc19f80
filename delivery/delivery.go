// Package delivery finds what the pipeline's function stored in S3.
package delivery

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Place is where enriched records are stored.
type Place struct {
	Bucket string
	Prefix string // of enriched objects: "enriched-data/"
}

// Found is a record that was found.
type Found struct {
	Record     []byte // the line, without its end
	Key        string // of the object
	DeadLetter bool   // found among the dead letters; Record is the letter
	StoredAt   time.Time
}

// Await polls until the record is stored.
func Await(ctx context.Context, client *s3.Client, p Place, shardID, sequenceNumber string, arrival time.Time, poll time.Duration) (Found, error) {
	return Found{}, nil
}
