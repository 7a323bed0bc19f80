package export

// reach is what resources are made after, by what they are called.
type reach map[string]map[string]bool

// connect has one made after another one, and so after all that this one is made after.
func (r reach) connect(from, to string) {
	if r[from] == nil {
		r[from] = map[string]bool{}
	}
	r[from][to] = true
}

// leads tells whether one is made after another one, or is that one. It looks at each
// but once: where many are made after many, there are more ways than could be gone.
func (r reach) leads(from, to string) bool {
	seen := map[string]bool{from: true}
	for left := []string{from}; len(left) > 0; {
		at := left[len(left)-1]
		left = left[:len(left)-1]
		if at == to {
			return true
		}
		for next := range r[at] {
			if !seen[next] {
				seen[next] = true
				left = append(left, next)
			}
		}
	}
	return false
}
