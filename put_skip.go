package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// skip tells which lines were sent: all through one, and some behind it. As text it
// is 120, or 120,125,130-133. Lines are counted on from file to file.
type skip struct {
	through int
	ahead   []span // behind through, in their order
}

// span is a range of lines, both ends included.
type span struct{ first, last int }

// parseSkip reads the text of a skip.
func parseSkip(text string) (skip, error) {
	var s skip
	for i, part := range strings.Split(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && ranged {
			to, err = strconv.Atoi(last)
		}
		before := s.through
		if len(s.ahead) > 0 {
			before = s.ahead[len(s.ahead)-1].last
		}
		switch {
		case err != nil || from < 0 || to < from || i == 0 && ranged:
			return skip{}, failf("--skip %s: it is a line, and perhaps lines behind it, as 120 or 120,125,130-133", text)
		case i == 0:
			s.through = from
		case from <= before:
			return skip{}, failf("--skip %s: %d is not behind %d", text, from, before)
		default:
			s.ahead = append(s.ahead, span{from, to})
		}
	}
	return s, nil
}

// has tells whether a line was sent.
func (s skip) has(line int) bool {
	if line <= s.through {
		return true
	}
	_, found := slices.BinarySearchFunc(s.ahead, line, func(r span, line int) int {
		switch {
		case r.last < line:
			return -1
		case r.first > line:
			return 1
		}
		return 0
	})
	return found
}

// and adds what one more run has sent.
func (s skip) and(through int, ahead []int) skip {
	var all []span
	for _, line := range ahead {
		all = append(all, span{line, line})
	}
	all = append(all, s.ahead...)
	slices.SortFunc(all, func(a, b span) int { return a.first - b.first })
	sum := skip{through: max(through, s.through)}
	for _, r := range all {
		if r.last <= sum.through {
			continue
		}
		if r.first = max(r.first, sum.through+1); r.first == sum.through+1 && len(sum.ahead) == 0 {
			sum.through = r.last
			continue
		}
		if n := len(sum.ahead); n > 0 && r.first <= sum.ahead[n-1].last+1 {
			sum.ahead[n-1].last = max(sum.ahead[n-1].last, r.last)
			continue
		}
		sum.ahead = append(sum.ahead, r)
	}
	return sum
}

func (s skip) String() string {
	parts := []string{strconv.Itoa(s.through)}
	for _, r := range s.ahead {
		if r.first == r.last {
			parts = append(parts, strconv.Itoa(r.first))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r.first, r.last))
		}
	}
	return strings.Join(parts, ",")
}
