package lambda

import "testing"

func TestMemoryLimit(t *testing.T) {
	for _, tt := range []struct{ megabytes, want int64 }{
		{128, 109}, // all but what the runtime does not count
		{256, 112}, // what the largest batch needs
		{512, 224},
		{10240, 4480},
	} {
		if got := memoryLimit(tt.megabytes<<20) >> 20; got != tt.want {
			t.Errorf("%d MB of memory: the limit is %d MB, want %d", tt.megabytes, got, tt.want)
		}
	}
}
