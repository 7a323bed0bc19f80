package pipeline

import (
	"testing"

	"enrich/config"
	"enrich/engine"
)

// Data are kept for a shorter time, or less safely.
func TestLowers(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) {
		c.Stream.RetentionHours = 48
		c.Function.LogRetentionDays = 30
	})
	tests := []struct {
		name, key string
		observe   func(desired any) any
		want      string // the field
	}{
		{"stream for longer", keyStream, func(d any) any { s := d.(DataStream); s.RetentionHours = 168; return s }, "retention_hours"},
		{"stream for less", keyStream, func(d any) any { s := d.(DataStream); s.RetentionHours = 24; return s }, ""},
		{"more shards", keyStream, func(d any) any { s := d.(DataStream); s.Shards = 7; return s }, ""},
		{"logs for longer", keyLogGroup, func(d any) any { g := d.(LogGroup); g.RetentionDays = 90; return g }, "retention_days"},
		{"logs for ever", keyLogGroup, func(d any) any { g := d.(LogGroup); g.RetentionDays = 0; return g }, "retention_days"},
		{"logs for less", keyLogGroup, func(d any) any { g := d.(LogGroup); g.RetentionDays = 7; return g }, ""},
		{"protected", tableKey("users"), func(d any) any { s := d.(LookupTable); s.DeletionProtection = true; return s }, "deletion_protection"},
		{"recoverable", tableKey("users"), func(d any) any { s := d.(LookupTable); s.PointInTimeRecovery = true; return s }, "point_in_time_recovery"},
		{"other capacity", tableKey("users"), func(d any) any { s := d.(LookupTable); s.Read = 3; return s }, ""},
		{"versions for longer", keyBucket, versions(LifecycleRule{Enabled: true, NoncurrentDays: 90, ExpireDeleteMarkers: true}), "lifecycle.expire-old-versions.noncurrent_days"},
		{"versions for less", keyBucket, versions(LifecycleRule{Enabled: true, NoncurrentDays: 3, ExpireDeleteMarkers: true}), ""},
		{"versions for ever", keyBucket, versions(LifecycleRule{Enabled: true, ExpireDeleteMarkers: true}), "lifecycle.expire-old-versions.noncurrent_days"},
		{"rule switched off", keyBucket, versions(LifecycleRule{NoncurrentDays: 30, ExpireDeleteMarkers: true}), "lifecycle.expire-old-versions.enabled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := pick(t, p, test.key)
			desired := r.(engine.Desirer).Desired()
			changes := engine.Compare(desired, test.observe(desired))
			if len(changes) == 0 {
				t.Fatal("nothing differs")
			}
			var got string
			for _, change := range Lowers(r, changes) {
				got += change.Field
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	prod := pick(t, offline(t, "prod", "aws", "us-east-1"), tableKey("users"))
	desired := prod.(engine.Desirer).Desired()
	observed := desired.(LookupTable)
	observed.DeletionProtection, observed.PointInTimeRecovery = false, false
	if got := Lowers(prod, engine.Compare(desired, observed)); len(got) > 0 {
		t.Errorf("switching on is %v", got)
	}
}

func versions(rule LifecycleRule) func(any) any {
	return func(desired any) any {
		bucket := desired.(DeliveryBucket)
		bucket.Lifecycle = map[string]LifecycleRule{"abort-unfinished-uploads": bucket.Lifecycle["abort-unfinished-uploads"], expireVersions: rule}
		return bucket
	}
}
