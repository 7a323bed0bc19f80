package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestListObjects(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	for _, key := range []string{"c/d/2", "a", "b", "c/d/1", "c/e", "z", "ü"} {
		putObject(t, client, key, "v")
	}
	tests := []struct {
		name string
		in   s3.ListObjectsV2Input
		want string
	}{
		{"all", s3.ListObjectsV2Input{}, "a b c/d/1 c/d/2 c/e z ü"},
		{"prefix", s3.ListObjectsV2Input{Prefix: aws.String("c/")}, "c/d/1 c/d/2 c/e"},
		{"folders", s3.ListObjectsV2Input{Delimiter: aws.String("/")}, "a b c/ z ü"},
		{"folders below", s3.ListObjectsV2Input{Prefix: aws.String("c/"), Delimiter: aws.String("/")}, "c/d/ c/e"},
		{"start", s3.ListObjectsV2Input{StartAfter: aws.String("c/d/1")}, "c/d/2 c/e z ü"},
		{"start in a folder", s3.ListObjectsV2Input{StartAfter: aws.String("c/d/1"), Delimiter: aws.String("/")}, "c/ z ü"},
		{"encoded", s3.ListObjectsV2Input{Prefix: aws.String("ü"), EncodingType: "url"}, "%C3%BC"},
		{"nothing", s3.ListObjectsV2Input{Prefix: aws.String("zz")}, ""},
	}
	for _, test := range tests {
		for _, limit := range []int32{1, 2, 3, 1000} {
			t.Run(fmt.Sprint(test.name, limit), func(t *testing.T) {
				in := test.in
				in.Bucket, in.MaxKeys = aws.String(testBucket), &limit
				var got []string
				for pages := s3.NewListObjectsV2Paginator(client, &in); pages.HasMorePages(); {
					page, err := pages.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if n := len(page.Contents) + len(page.CommonPrefixes); n > int(limit) || int32(n) != *page.KeyCount {
						t.Fatalf("%d on a page, key count %d", n, *page.KeyCount)
					}
					for _, o := range page.Contents {
						got = append(got, *o.Key)
					}
					for _, p := range page.CommonPrefixes {
						got = append(got, *p.Prefix)
					}
				}
				slices.Sort(got)
				if want := strings.Fields(test.want); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}

func TestListObjectsV1(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	for _, key := range []string{"a/1", "a/2", "b"} {
		putObject(t, client, key, "v")
	}
	out, err := client.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String(testBucket), MaxKeys: aws.Int32(1), Delimiter: aws.String("/")})
	if err != nil {
		t.Fatal(err)
	}
	if !*out.IsTruncated || aws.ToString(out.NextMarker) != "a/" || len(out.CommonPrefixes) != 1 {
		t.Errorf("first page %+v", out)
	}
	out, err = client.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String(testBucket), Delimiter: aws.String("/"), Marker: out.NextMarker})
	if err != nil || *out.IsTruncated || len(out.Contents) != 1 || *out.Contents[0].Key != "b" || out.Contents[0].Owner == nil {
		t.Errorf("second page %+v, %v", out, err)
	}
	for path, code := range map[string]string{"?list-type=3": "InvalidArgument", "?max-keys=x": "InvalidArgument", "?max-keys=-1": "InvalidArgument", "?list-type=2&continuation-token=x": "InvalidArgument", "?encoding-type=x": "InvalidArgument", "?acl": "NotImplemented", "?list-type=2&max-keys=0": "<KeyCount>0</KeyCount>"} {
		if text := readAll(t, rawRequest(t, s, http.MethodGet, "/"+testBucket+path, nil, nil)); !strings.Contains(text, code) {
			t.Errorf("%s: got %s, want %s", path, text, code)
		}
	}
}

func TestKeyIndex(t *testing.T) {
	alive := map[string]bool{}
	var x keyIndex
	add := func(key string) {
		if !alive[key] {
			alive[key] = true
			x.add(key)
		}
	}
	settle := func() { x.settle(func(key string) bool { return alive[key] }) }
	for i := range 5000 {
		add(fmt.Sprintf("%05d", i*7919%5000))
		if i%777 == 0 {
			settle()
		}
	}
	for i := range 4000 {
		key := fmt.Sprintf("%05d", i)
		delete(alive, key)
		x.remove()
	}
	settle()
	add("00001") // comes back
	settle()
	if len(x.sorted) != 1001 || !slices.IsSorted(x.sorted) || x.sorted[0] != "00001" {
		t.Errorf("%d keys, the first %s", len(x.sorted), x.sorted[0])
	}
	if got := x.from("04998"); !slices.Equal(got, []string{"04998", "04999"}) {
		t.Errorf("from: %v", got)
	}
}

func BenchmarkPutObjectInProcess(b *testing.B) {
	s := newS3(withDefaults(Options{}), nil, nil)
	if err := s.addBucket(testBucket, "us-east-1", s3Settings{versioning: versioningEnabled, encryption: defaultEncryption()}); err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 64<<10)
	b.SetBytes(int64(len(body)))
	for i := 0; b.Loop(); i++ {
		if err := s.put(b.Context(), testBucket, fmt.Sprintf("k%d", i%1000), body); err != nil {
			b.Fatal(err)
		}
		if i%10000 == 9999 {
			b.StopTimer()
			s.store.used.Store(0)
			s.store.buckets[testBucket].objects = map[string]*s3Object{}
			b.StartTimer()
		}
	}
}

// What XML 1.0 cannot hold is referred to, where no encoding is asked for.
func TestListedControlCharacters(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, true)
	putObject(t, client, "a\x01/\x1f\n<", "v")
	for query, want := range map[string]string{
		"?list-type=2":                        "<Key>a&#x1;/&#x1f;&#xA;&lt;</Key>",
		"?versions":                           "<Key>a&#x1;/&#x1f;&#xA;&lt;</Key>",
		"?list-type=2&delimiter=%01&prefix=a": "<Prefix>a&#x1;</Prefix></CommonPrefixes>",
		"?list-type=2&delimiter=%01&prefix=a&encoding-type=url":   "<Prefix>a%01</Prefix></CommonPrefixes>",
		"?list-type=2&encoding-type=url&start-after=%01":          "<StartAfter>%01</StartAfter>",
		"?versions&encoding-type=url":                             "<Key>a%01/%1F%0A%3C</Key>",
		"?uploads&encoding-type=url&key-marker=%02&delimiter=%03": "<KeyMarker>%02</KeyMarker>",
	} {
		if text := readAll(t, rawRequest(t, s, http.MethodGet, "/"+testBucket+query, nil, nil)); !strings.Contains(text, want) {
			t.Errorf("%s: got %s, want %s", query, text, want)
		}
	}
}
