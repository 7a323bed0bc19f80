package emulator

import (
	"maps"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// status is the table's state at now; t is locked.
func (t *table) status(now time.Time) types.TableStatus {
	if t.passing != "" && now.Before(t.until) {
		return t.passing
	}
	return types.TableStatusActive
}

// statusNow is status for who has not locked t.
func (t *table) statusNow(now time.Time) types.TableStatus {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.status(now)
}

// enter begins a state that ends when the table is ready; t is locked or new.
func (d *dynamoService) enter(t *table, state types.TableStatus) {
	t.passing, t.until = state, d.readiness.until(d.readiness.inForce().Table)
}

// changeable refuses a change during another; t is locked.
func (d *dynamoService) changeable(t *table) error {
	doing := "created"
	switch t.status(d.clock.Now()) {
	case types.TableStatusUpdating:
		doing = "updated"
	case types.TableStatusDeleting:
		doing = "deleted"
	case types.TableStatusActive:
		return nil
	}
	return failf(http.StatusBadRequest, "ResourceInUseException",
		"Attempt to change a resource which is still in use: Table is being %s: %s", doing, t.name)
}

// sweep removes the tables whose deletion is over.
func (d *dynamoService) sweep() {
	if d.leaving.Load() == 0 {
		return
	}
	now := d.clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.tables, func(_ tableKey, t *table) bool {
		t.mu.RLock()
		defer t.mu.RUnlock()
		over := t.passing == types.TableStatusDeleting && !now.Before(t.until)
		if over {
			d.leaving.Add(-1)
		}
		return over
	})
}
