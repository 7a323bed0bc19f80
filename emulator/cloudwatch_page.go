package emulator

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var timezone = compiled(`^[+-]\d{4}$`)

// dataPage cuts the data points of all queries, taken one after the other, into
// answers of GetMetricData. Its token is how many of them were given before.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
type dataPage struct {
	from, until int
	at          int // data points that have passed
}

func newDataPage(in *cloudwatch.GetMetricDataInput) (*dataPage, error) {
	limit := dataLimit
	if in.MaxDatapoints != nil {
		if limit = int(*in.MaxDatapoints); limit < 1 || limit > dataLimit {
			return nil, cwInvalid("The parameter MaxDatapoints must be between 1 and %d.", dataLimit)
		}
	}
	p := &dataPage{}
	if in.NextToken != nil {
		text, err := decodeToken(*in.NextToken)
		if err != nil {
			return nil, cwToken()
		}
		if p.from, err = strconv.Atoi(text); err != nil || p.from < 1 {
			return nil, cwToken()
		}
	}
	p.until = p.from + limit
	return p, nil
}

// cut leaves of a result what belongs to this page; false when nothing does. A
// result without data points belongs to the first page.
func (p *dataPage) cut(result *types.MetricDataResult) bool {
	n := len(result.Values)
	first, last := min(max(p.from-p.at, 0), n), min(max(p.until-p.at, 0), n)
	p.at += n
	if first == last && (n > 0 || p.from > 0) {
		return false
	}
	if last < n {
		result.StatusCode = types.StatusCodePartialData
	}
	result.Values, result.Timestamps = result.Values[first:last], result.Timestamps[first:last]
	return true
}

// next is the token of the page after this, if there is one.
func (p *dataPage) next() *string {
	if p.at <= p.until {
		return nil
	}
	return new(encodeToken(strconv.Itoa(p.until)))
}
