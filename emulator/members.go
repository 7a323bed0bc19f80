package emulator

import (
	"net/http"
	"reflect"
	"slices"
)

// onlyMembers refuses an input that sets a member beside those given: what an
// operation would not heed, it must not take.
func onlyMembers(input any, supported ...string) error {
	v := reflect.ValueOf(input).Elem()
	for field := range exported(v.Type()) {
		if v.FieldByIndex(field.Index).IsZero() || slices.Contains(supported, field.Name) {
			continue
		}
		return notHad(failf(http.StatusBadRequest, "ValidationException", "The emulator does not support the member %s here.", field.Name), field.Name)
	}
	return nil
}

// refuseUsed refuses, with a service's code, the first of the members, by their
// names, that is used.
func refuseUsed(code string, used map[string]bool) error {
	for _, member := range sortedKeys(used) {
		if used[member] {
			return unsupportedMember(code, member)
		}
	}
	return nil
}
