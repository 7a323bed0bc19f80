package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An answer in which CloudWatch could not read a metric is no metric without data.
func TestMeasureOfWhatCannotBeRead(t *testing.T) {
	for _, code := range []string{"InternalError", "Forbidden"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = fmt.Fprintf(w, `<GetMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><GetMetricDataResult><MetricDataResults>`+
				`<member><Id>m0</Id><StatusCode>%s</StatusCode><Values/><Timestamps/></member></MetricDataResults></GetMetricDataResult></GetMetricDataResponse>`, code)
		}))
		defer server.Close()
		c, _ := newEmulated(t)
		c.sdk.BaseEndpoint = &server.URL
		p := c.pipeline(t)
		now := time.Now()
		_, err := p.Measure(t.Context(), p.Figures()[:1], now.Add(-time.Hour), now, time.Minute)
		if err == nil || !strings.Contains(err.Error(), "records-in: CloudWatch answers "+code) {
			t.Error(err)
		}
	}
}
