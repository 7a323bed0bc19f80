package export

import "strings"

// title makes the word that logical IDs have of one with dashes: orders-eu becomes
// OrdersEu. Logical IDs have letters and digits only.
func title(name string) string {
	var b strings.Builder
	upper := true
	for _, r := range name {
		switch {
		case 'a' <= r && r <= 'z' && upper:
			b.WriteRune(r - 'a' + 'A')
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			b.WriteRune(r)
		default:
			upper = true
			continue
		}
		upper = false
	}
	return b.String()
}

// snake makes the word that variables have of one: ops@example.com becomes
// ops_example_com, and MemorySize memory_size.
func snake(name string) string {
	var b strings.Builder
	var last rune
	for _, r := range name {
		switch {
		case 'A' <= r && r <= 'Z':
			if 'a' <= last && last <= 'z' {
				b.WriteByte('_')
			}
			b.WriteRune(r - 'A' + 'a')
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			if b.Len() == 0 && r <= '9' {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		default:
			if last != '_' {
				b.WriteByte('_')
			}
			r = '_'
		}
		last = r
	}
	return b.String()
}
