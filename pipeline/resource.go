package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"

	"enrich/engine"
	"enrich/listing"
)

// Kinds of resources, in the words that people read.
const (
	kindRole         = "execution role"
	kindStream       = "data stream"
	kindTable        = "lookup table"
	kindBucket       = "delivery bucket"
	kindLogGroup     = "log group"
	kindFunction     = "function"
	kindMapping      = "event source mapping"
	kindTopic        = "alarm topic"
	kindSubscription = "alarm subscription"
	kindAlarm        = "metric alarm"
	kindComposite    = "composite alarm"
	kindDashboard    = "dashboard"
)

// Keys of the resources that a pipeline has once.
const (
	keyRole      = "execution-role"
	keyStream    = "data-stream"
	keyBucket    = "delivery-bucket"
	keyLogGroup  = "log-group"
	keyFunction  = "function"
	keyMapping   = "event-source-mapping"
	keyTopic     = "alarm-topic"
	keyDashboard = "dashboard"
)

func tableKey(lookup string) string { return "lookup-table/" + lookup }
func alarmKey(alarm string) string  { return "alarm/" + alarm }

// subscriptionKey is the same whatever the capital letters: so is the mailbox, and the
// subscription that is found.
func subscriptionKey(address string) string { return "alarm-subscription/" + strings.ToLower(address) }

// identified is the part that all kinds have alike: who they are and what they
// wait for.
type identified struct {
	key, kind, name, arn string
	after                []string
}

func (r identified) Key() string         { return r.key }
func (r identified) Kind() string        { return r.kind }
func (r identified) Name() string        { return r.name }
func (r identified) ARN() string         { return r.arn }
func (r identified) DependsOn() []string { return r.after }

// explain puts what was attempted in front of an error: "creating data stream
// (orders-dev-stream): …". It is deferred with a pointer to the named result.
func (r identified) explain(doing string, err *error) {
	if *err != nil {
		*err = fmt.Errorf("%s %s (%s): %w", doing, r.kind, r.name, *err)
	}
}

// hasCode tells whether an error is one of these AWS error codes.
func hasCode(err error, codes ...string) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && slices.Contains(codes, failure.ErrorCode())
}

// says tells whether AWS's message contains one of these texts: some errors
// differ only there.
func says(err error, texts ...string) bool {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return false
	}
	message := strings.ToLower(failure.ErrorMessage())
	return slices.ContainsFunc(texts, func(text string) bool {
		return strings.Contains(message, strings.ToLower(text))
	})
}

// notFound turns AWS's own not-found errors into the engine's one.
func notFound(err error, codes ...string) error {
	if hasCode(err, codes...) {
		return fmt.Errorf("%w: %w", engine.ErrNotFound, err)
	}
	return err
}

// ignore turns the errors with these codes into success.
func ignore(err error, codes ...string) error {
	if hasCode(err, codes...) {
		return nil
	}
	return err
}

// changed tells whether one of the changes is of this field or of one within.
func changed(changes []engine.Change, fields ...string) bool {
	return slices.ContainsFunc(changes, func(c engine.Change) bool {
		return slices.ContainsFunc(fields, func(field string) bool {
			return c.Field == field || strings.HasPrefix(c.Field, field+".") || strings.HasPrefix(c.Field, field+"[")
		})
	})
}

// compare lists the differences and marks those that no call can mend in place.
func compare(desired, observed any, replacing ...string) []engine.Change {
	changes := engine.Compare(desired, observed)
	for i := range changes {
		if changed(changes[i:i+1], replacing...) {
			changes[i].Replace = true
		}
	}
	return changes
}

// cloudWatch speaks the query protocol, which AWS and every emulator
// understand; few emulators know the client's default (CBOR).
func cloudWatch(sdk aws.Config) *cloudwatch.Client {
	return cloudwatch.NewFromConfig(sdk, func(o *cloudwatch.Options) {
		o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
	})
}

// storage addresses buckets by path wherever the endpoint is not AWS's own: no
// name server knows BUCKET.127.0.0.1.
func storage(sdk aws.Config) *s3.Client {
	return s3.NewFromConfig(sdk, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.APIOptions = append(o.APIOptions, listing.AnyKey)
	})
}
