package emulator

import (
	"encoding/xml"
	"strings"
)

type listedVersion struct {
	XMLName           xml.Name // Version or DeleteMarker
	Key               listedKey
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      string
	ETag              string `xml:",omitempty"`
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              *int
	StorageClass      string `xml:",omitempty"`
	Owner             s3Owner
}

type versionsResult struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	Name                string
	Prefix              listedKey
	KeyMarker           listedKey
	VersionIDMarker     string    `xml:"VersionIdMarker"`
	NextKeyMarker       listedKey `xml:",omitempty"`
	NextVersionIDMarker string    `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	Delimiter           listedKey `xml:",omitempty"`
	EncodingType        string    `xml:",omitempty"`
	IsTruncated         bool
	Items               []listedVersion
	CommonPrefixes      []commonPrefix
}

// listVersions lists versions and delete markers: keys in order, of each the
// newest version first.
func (s *s3Service) listVersions(q *s3Request) error {
	l, err := q.newListing("max-keys")
	if err != nil {
		return err
	}
	keyMarker, idMarker := q.query.Get("key-marker"), q.query.Get("version-id-marker")
	switch {
	case q.query.Has("version-id-marker") && idMarker == "":
		return invalidArgument("version-id-marker", "", "A version-id marker cannot be empty.")
	case idMarker != "" && keyMarker == "":
		return invalidArgument("version-id-marker", idMarker, "A version-id marker cannot be specified without a key marker.")
	}
	if _, known := sequenceOf(idMarker); idMarker != "" && idMarker != nullVersion && !known {
		return invalidArgument("version-id-marker", idMarker, "Invalid version id specified")
	}
	out := versionsResult{
		Name: q.name, Prefix: l.escape(l.prefix), KeyMarker: l.escape(keyMarker), VersionIDMarker: idMarker,
		MaxKeys: l.limit, Delimiter: l.escape(l.delimiter), EncodingType: l.encoding,
	}
	if l.limit > 0 {
		s.fillVersions(q.bucket, &l, keyMarker, idMarker, &out)
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextVersionIDMarker = "", ""
	}
	return q.sendXML(out)
}

func (s *s3Service) fillVersions(b *s3Bucket, l *listing, keyMarker, idMarker string, out *versionsResult) {
	b.settle()
	defer b.mu.RUnlock()
	rolled := ""
	if idMarker == "" && l.isCommon(keyMarker) {
		rolled = keyMarker
	}
	full := func() bool { return len(out.Items)+len(out.CommonPrefixes) >= l.limit }
	for _, key := range b.index.from(max(l.prefix, keyMarker)) {
		if !strings.HasPrefix(key, l.prefix) {
			return
		}
		object := b.objects[key]
		if object == nil || key == keyMarker && idMarker == "" || rolled != "" && strings.HasPrefix(key, rolled) {
			continue
		}
		if common, ok := l.commonPrefix(key); ok {
			if full() {
				out.IsTruncated = true
				return
			}
			rolled = common
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{l.escape(common)})
			out.NextKeyMarker, out.NextVersionIDMarker = l.escape(common), ""
			continue
		}
		newest := len(object.versions)
		if key == keyMarker {
			newest = object.before(idMarker)
		}
		for i := newest - 1; i >= 0; i-- {
			version := object.versions[i]
			if full() {
				out.IsTruncated = true
				return
			}
			out.Items = append(out.Items, s.listed(l, key, version, i == len(object.versions)-1))
			out.NextKeyMarker, out.NextVersionIDMarker = l.escape(key), version.id
		}
	}
}

// before counts the versions that are older than the one with this ID, which
// may have been deleted since it was listed: who empties a bucket does that.
func (o *s3Object) before(id string) int {
	for i, v := range o.versions {
		if v.id == id {
			return i
		}
	}
	sequence, known := sequenceOf(id)
	for i, v := range o.versions {
		if known && v.sequence >= sequence {
			return i
		}
	}
	return len(o.versions)
}

func (s *s3Service) listed(l *listing, key string, version *s3Version, latest bool) listedVersion {
	item := listedVersion{
		XMLName: xml.Name{Local: "Version"}, Key: l.escape(key), VersionID: version.id, IsLatest: latest,
		LastModified: s3Time(version.modified), Owner: s.owner(),
	}
	if version.marker {
		item.XMLName.Local = "DeleteMarker"
		return item
	}
	item.ETag, item.Size, item.StorageClass = version.etag, new(len(version.body)), version.class()
	item.ChecksumAlgorithm, item.ChecksumType = strings.ToUpper(version.sums.algorithm), version.sums.kind
	return item
}
