package emulator

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lifecycleConfiguration is kept and returned, but not carried out: nothing on
// the emulator lives long enough.
type lifecycleConfiguration struct {
	XMLName xml.Name         `xml:"LifecycleConfiguration"`
	Rules   []lifecycleRule  `xml:"Rule"`
	Unknown []unknownElement `xml:",any"`
}

type lifecycleRule struct {
	ID                   string                 `xml:"ID,omitempty"`
	Filter               *lifecycleFilter       `xml:"Filter"`
	Prefix               *string                `xml:"Prefix"`
	Status               string                 `xml:"Status"`
	Expiration           *lifecycleExpiration   `xml:"Expiration"`
	Transitions          []lifecycleTransition  `xml:"Transition"`
	NoncurrentTransition []noncurrentTransition `xml:"NoncurrentVersionTransition"`
	NoncurrentExpiration *noncurrentExpiration  `xml:"NoncurrentVersionExpiration"`
	Abort                *lifecycleAbort        `xml:"AbortIncompleteMultipartUpload"`
	Unknown              []unknownElement       `xml:",any"`
}

type lifecycleFilter struct {
	Prefix      *string          `xml:"Prefix"`
	Tag         *xmlTag          `xml:"Tag"`
	GreaterThan *int64           `xml:"ObjectSizeGreaterThan"`
	LessThan    *int64           `xml:"ObjectSizeLessThan"`
	And         *lifecycleAnd    `xml:"And"`
	Unknown     []unknownElement `xml:",any"`
}

type lifecycleAnd struct {
	Prefix      *string          `xml:"Prefix"`
	Tags        []xmlTag         `xml:"Tag"`
	GreaterThan *int64           `xml:"ObjectSizeGreaterThan"`
	LessThan    *int64           `xml:"ObjectSizeLessThan"`
	Unknown     []unknownElement `xml:",any"`
}

type lifecycleExpiration struct {
	Days         *int64           `xml:"Days"`
	Date         *string          `xml:"Date"`
	DeleteMarker *bool            `xml:"ExpiredObjectDeleteMarker"`
	Unknown      []unknownElement `xml:",any"`
}

type lifecycleTransition struct {
	Days         *int64           `xml:"Days"`
	Date         *string          `xml:"Date"`
	StorageClass string           `xml:"StorageClass"`
	Unknown      []unknownElement `xml:",any"`
}

type noncurrentTransition struct {
	Days         *int64           `xml:"NoncurrentDays"`
	Newer        *int64           `xml:"NewerNoncurrentVersions"`
	StorageClass string           `xml:"StorageClass"`
	Unknown      []unknownElement `xml:",any"`
}

type noncurrentExpiration struct {
	Days    *int64           `xml:"NoncurrentDays"`
	Newer   *int64           `xml:"NewerNoncurrentVersions"`
	Unknown []unknownElement `xml:",any"`
}

type lifecycleAbort struct {
	Days    *int64           `xml:"DaysAfterInitiation"`
	Unknown []unknownElement `xml:",any"`
}

var transitionClasses = []string{"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"}

const (
	transitionHeader  = "X-Amz-Transition-Default-Minimum-Object-Size"
	transitionDefault = "all_storage_classes_128K"
)

// check validates the rules and names those without an ID.
func (c *lifecycleConfiguration) check() error {
	if len(c.Rules) == 0 || len(c.Rules) > 1000 {
		return malformedXML()
	}
	ids := map[string]bool{}
	for i := range c.Rules {
		rule := &c.Rules[i]
		if rule.ID == "" {
			rule.ID = opaqueID(0) // S3 gives an opaque one too
		}
		switch {
		case len(rule.ID) > 255:
			return invalidArgument("ID", rule.ID, "ID length should not exceed allowed limit of 255")
		case ids[rule.ID]:
			return invalidArgument("ID", rule.ID, "Rule ID must be unique. Found same ID for more than one rule")
		}
		ids[rule.ID] = true
		if err := rule.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *lifecycleRule) check() error {
	switch {
	case r.Status != "Enabled" && r.Status != "Disabled":
		return malformedXML()
	case r.Filter == nil && r.Prefix == nil, r.Filter != nil && r.Prefix != nil:
		return malformedXML()
	case r.Filter != nil && r.Filter.choices() > 1:
		return malformedXML()
	case r.Expiration == nil && len(r.Transitions) == 0 && len(r.NoncurrentTransition) == 0 && r.NoncurrentExpiration == nil && r.Abort == nil:
		return invalidRequest("At least one action needs to be specified in a rule")
	}
	if r.Abort != nil && r.Filter != nil && (r.Filter.Tag != nil || r.Filter.And != nil && len(r.Filter.And.Tags) > 0) {
		return invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags")
	}
	if r.Abort != nil && deref(r.Abort.Days) <= 0 {
		return invalidArgument("DaysAfterInitiation", "", "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
	}
	if err := r.checkExpirations(); err != nil {
		return err
	}
	return r.checkTransitions()
}

// choices counts what a filter names; only And may join several.
func (f *lifecycleFilter) choices() int {
	n := 0
	for _, given := range []bool{f.Prefix != nil, f.Tag != nil, f.GreaterThan != nil, f.LessThan != nil, f.And != nil} {
		if given {
			n++
		}
	}
	return n
}

func (r *lifecycleRule) checkExpirations() error {
	if e := r.Expiration; e != nil {
		given := 0
		for _, is := range []bool{e.Days != nil, e.Date != nil, e.DeleteMarker != nil} {
			if is {
				given++
			}
		}
		switch {
		case given != 1:
			return malformedXML()
		case e.Days != nil && *e.Days <= 0:
			return invalidArgument("Days", "", "'Days' for Expiration action must be a positive integer")
		case e.Date != nil && !midnight(e.Date):
			return invalidArgument("Date", *e.Date, "'Date' must be at midnight GMT")
		}
	}
	if e := r.NoncurrentExpiration; e != nil && deref(e.Days) <= 0 {
		return invalidArgument("NoncurrentDays", "", "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
	}
	return nil
}

func (r *lifecycleRule) checkTransitions() error {
	for _, t := range r.Transitions {
		switch {
		case !slices.Contains(transitionClasses, t.StorageClass), (t.Days == nil) == (t.Date == nil):
			return malformedXML()
		case t.Days != nil && *t.Days < 0:
			return invalidArgument("Days", "", "'Days' for Transition action must be nonnegative")
		case t.Days != nil && *t.Days < 30 && strings.HasSuffix(t.StorageClass, "_IA"):
			return invalidArgument("Days", strconv.FormatInt(*t.Days, 10), "'Days' in Transition action must be greater than or equal to 30 for storageClass '%s'", t.StorageClass)
		case t.Date != nil && !midnight(t.Date):
			return invalidArgument("Date", *t.Date, "'Date' must be at midnight GMT")
		case t.Days != nil && r.Expiration != nil && r.Expiration.Days != nil && *r.Expiration.Days <= *t.Days:
			return invalidArgument("Days", "", "'Days' in the Expiration action for rule '%s' must be greater than 'Days' in the Transition action", r.ID)
		}
	}
	for _, t := range r.NoncurrentTransition {
		switch {
		case !slices.Contains(transitionClasses, t.StorageClass), t.Days == nil:
			return malformedXML()
		case *t.Days < 30 && strings.HasSuffix(t.StorageClass, "_IA"):
			return invalidArgument("NoncurrentDays", strconv.FormatInt(*t.Days, 10), "'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to 30 for storageClass '%s'", t.StorageClass)
		}
	}
	return nil
}

// midnight tells whether a date is at midnight, and writes it as S3 gives it back.
func midnight(date *string) bool {
	t, err := time.Parse(time.RFC3339, *date)
	if err != nil || !t.Equal(t.Truncate(24*time.Hour)) {
		return false
	}
	*date = s3Time(t)
	return true
}

func (s *s3Service) getLifecycle(q *s3Request) error {
	settings := q.bucket.current()
	if settings.lifecycle == nil {
		return failf(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	}
	q.w.Header().Set(transitionHeader, settings.transitionMinimum)
	return q.sendXML(settings.lifecycle)
}

func (s *s3Service) putLifecycle(q *s3Request) error {
	var in lifecycleConfiguration
	if err := readXML(q, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	minimum := q.Header.Get(transitionHeader)
	switch minimum {
	case "":
		minimum = transitionDefault
	case transitionDefault, "varies_by_storage_class":
	default:
		return invalidRequest("The x-amz-transition-default-minimum-object-size header is invalid: %s", minimum)
	}
	q.bucket.change(func(b *s3Settings) { b.lifecycle, b.transitionMinimum = &in, minimum })
	q.w.Header().Set(transitionHeader, minimum)
	return q.send(http.StatusOK)
}

func (s *s3Service) deleteLifecycle(q *s3Request) error {
	q.bucket.change(func(b *s3Settings) { b.lifecycle, b.transitionMinimum = nil, "" })
	return q.send(http.StatusNoContent)
}
