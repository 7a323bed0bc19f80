package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"enrich/engine"
)

// recognize puts the word for the mapping in the place of its UUID, in what an alarm
// was found to watch. Any other UUID stays, and so differs: that of a mapping that is
// gone, or that will be replaced before the alarm has its turn.
func (a *metricAlarm) recognize(ctx context.Context, spec MetricAlarm) error {
	if a.mapping == nil {
		return nil
	}
	now, err := a.mapping.current(ctx)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	changes := a.mapping.Diff(&engine.Observed{Spec: a.mapping.observe(now, nil)})
	if slices.ContainsFunc(changes, func(c engine.Change) bool { return c.Replace }) {
		return nil
	}
	for _, metric := range spec.Metrics {
		if uuid, ok := metric.Dimensions[mappingDimension]; ok && uuid == aws.ToString(now.UUID) {
			metric.Dimensions[mappingDimension] = theMapping
		}
	}
	return nil
}

// resolved is what the alarm shall be, with the mapping's UUID. A list may not show
// yet what was created a moment ago.
func (a *metricAlarm) resolved(ctx context.Context, progress engine.Progress) (MetricAlarm, error) {
	d := a.desired
	if a.mapping == nil {
		return d, nil
	}
	var uuid string
	err := retry{
		match:    func(err error) bool { return errors.Is(err, engine.ErrNotFound) },
		timeout:  20 * time.Second,
		progress: progress,
		doing:    "waiting for the event source mapping to show",
	}.do(ctx, func(ctx context.Context) error {
		now, err := a.mapping.current(ctx)
		uuid = aws.ToString(now.UUID)
		return err
	})
	if err != nil {
		return d, err
	}
	d.Metrics = slices.Clone(d.Metrics)
	for i, metric := range d.Metrics {
		d.Metrics[i].Dimensions = maps.Clone(metric.Dimensions)
		d.Metrics[i].Dimensions[mappingDimension] = uuid
	}
	return d, nil
}
