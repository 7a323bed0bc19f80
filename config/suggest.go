package config

import "strings"

// Suggest gives the one of the known words that a mistyped word most likely
// meant, "" if none is near. Case, hyphens and underscores do not count.
func Suggest(word string, known []string) string {
	given := folded(word)
	if len(given) < 2 || len(given) > 64 {
		return ""
	}
	best, nearest := "", allowance(given)+1
	for _, candidate := range known {
		if d := distance(given, folded(candidate)); d < nearest {
			best, nearest = candidate, d
		}
	}
	if best != "" {
		return best
	}
	return sharingStart(given, known)
}

// allowance is the number of mistakes that a word of this length may have.
func allowance(given string) int {
	switch n := len(given); {
	case n <= 4:
		return 1
	case n <= 8:
		return 2
	}
	return 3
}

// sharingStart gives the only known word that the given one begins or that
// begins with it.
func sharingStart(given string, known []string) string {
	only := ""
	for _, candidate := range known {
		other := folded(candidate)
		if min(len(given), len(other)) < 3 || !strings.HasPrefix(other, given) && !strings.HasPrefix(given, other) {
			continue
		}
		if only != "" {
			return ""
		}
		only = candidate
	}
	return only
}

func folded(word string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
}

// distance counts the letters to insert, drop, change or swap with their
// neighbour (Damerau-Levenshtein; no letter is touched twice).
func distance(from, to string) int {
	a, b := []rune(from), []rune(to)
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
