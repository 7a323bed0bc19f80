package lambda

// stretch is what one object covers of a batch, in positions of whole Kinesis
// records.
type stretch struct {
	first  int // the record that gives the object its name
	last   int // the last record in it
	stored bool
}

// checkpoint answers the position from which the batch must be delivered again,
// when everything from cut on was left undone; it is cut itself when all is well.
//
// It is the lowest record that is not stored, lowered until no stored object
// covers records on both sides: the next attempt names its objects by what it is
// given, so only an object that it gets as a whole is overwritten instead of
// repeated. An object whose storing failed may be there all the same (the answer
// was lost), so its name has to come up again too.
func checkpoint(cut int, objects []stretch) int {
	position := cut
	for _, o := range objects {
		if !o.stored {
			position = min(position, o.first)
		}
	}
	for lowered := true; lowered; {
		lowered = false
		for _, o := range objects {
			if o.first < position && position <= o.last {
				position, lowered = o.first, true
			}
		}
	}
	return position
}
