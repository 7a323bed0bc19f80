package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Order sorts resources so that each comes after what it depends on, and
// otherwise in the order given. It refuses two resources with one key, an
// unknown dependency and a cycle.
func Order(resources []Resource) ([]Resource, error) {
	known := make(map[string]bool, len(resources))
	for _, r := range resources {
		if known[r.Key()] {
			return nil, fmt.Errorf("two resources have the key %s", r.Key())
		}
		known[r.Key()] = true
	}
	for _, r := range resources {
		for _, dependency := range r.DependsOn() {
			if !known[dependency] {
				return nil, fmt.Errorf("%s depends on %s, which is not there", r.Key(), dependency)
			}
		}
	}
	return sorted(resources)
}

// sorted is Order for resources of which some may depend on what is not in the
// list: nothing has to be waited for there.
func sorted(resources []Resource) ([]Resource, error) {
	waiting := make(map[string]bool, len(resources))
	for _, r := range resources {
		waiting[r.Key()] = true
	}
	blocked := func(r Resource) bool {
		return slices.ContainsFunc(r.DependsOn(), func(key string) bool { return waiting[key] })
	}
	ordered := make([]Resource, 0, len(resources))
	rest := slices.Clone(resources)
	for len(rest) > 0 {
		next := slices.IndexFunc(rest, func(r Resource) bool { return !blocked(r) })
		if next < 0 {
			return nil, fmt.Errorf("resources depend on each other in a circle: %s", circle(rest))
		}
		ordered = append(ordered, rest[next])
		delete(waiting, rest[next].Key())
		rest = slices.Delete(rest, next, next+1)
	}
	return ordered, nil
}

// circle follows dependencies among resources of which each has one in the
// list until it comes back to where it was.
func circle(rest []Resource) string {
	byKey := make(map[string]Resource, len(rest))
	for _, r := range rest {
		byKey[r.Key()] = r
	}
	var path []string
	for key := rest[0].Key(); ; {
		if at := slices.Index(path, key); at >= 0 {
			return strings.Join(append(path[at:], key), " → ")
		}
		path = append(path, key)
		dependencies := byKey[key].DependsOn()
		key = dependencies[slices.IndexFunc(dependencies, func(d string) bool { return byKey[d] != nil })]
	}
}

// dependents turns the dependencies around: for each key those that depend on it.
func dependents(resources []Resource) map[string][]string {
	after := make(map[string][]string, len(resources))
	for _, r := range resources {
		for _, dependency := range r.DependsOn() {
			after[dependency] = append(after[dependency], r.Key())
		}
	}
	return after
}

// walk visits every key in a goroutine of its own, as soon as all keys that it
// comes after have been visited. visit is given the first of those that went
// wrong, "" if none did, and tells whether its own part went well. Keys in after
// that are not among keys are ignored; there must be no cycle.
func walk(keys []string, after map[string][]string, visit func(key, blocker string) bool) {
	type node struct {
		done chan struct{}
		well bool
	}
	nodes := make(map[string]*node, len(keys))
	for _, key := range keys {
		nodes[key] = &node{done: make(chan struct{})}
	}
	var group sync.WaitGroup
	for _, key := range keys {
		group.Go(func() {
			self := nodes[key]
			defer close(self.done)
			blocker := ""
			for _, other := range after[key] {
				before, ok := nodes[other]
				if !ok {
					continue
				}
				<-before.done
				if !before.well && blocker == "" {
					blocker = other
				}
			}
			self.well = visit(key, blocker)
		})
	}
	group.Wait()
}

func keysOf(resources []Resource) []string {
	keys := make([]string, len(resources))
	for i, r := range resources {
		keys[i] = r.Key()
	}
	return keys
}
