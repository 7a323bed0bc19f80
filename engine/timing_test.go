package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

// Waits that overlap count once, and none counts after its end.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &progress{}
		first := p.Waits()
		time.Sleep(time.Second)
		second := p.Waits()
		time.Sleep(time.Second)
		first()
		first()
		time.Sleep(time.Second)
		second()
		time.Sleep(time.Second)
		p.Waits()()
		if p.waited != 3*time.Second {
			t.Errorf("waited %s", p.waited)
		}
	})
}
