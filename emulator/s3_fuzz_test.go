package emulator

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func FuzzChunkedBody(f *testing.F) {
	f.Add([]byte("5;chunk-signature=00\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), int64(5))
	f.Fuzz(func(t *testing.T, body []byte, size int64) {
		got, _, err := readChunked(bytes.NewReader(body), min(max(size, 0), 1<<20))
		if err == nil && int64(len(got)) != min(max(size, 0), 1<<20) {
			t.Errorf("%d bytes of %d", len(got), size)
		}
	})
}

// FuzzSettings puts anything as any setting: it is refused, or what is read back
// can be put again.
func FuzzSettings(f *testing.F) {
	for setting, body := range map[string]string{
		"versioning":        `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`,
		"encryption":        `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
		"publicAccessBlock": `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"ownershipControls": `<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`,
		"lifecycle":         `<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>p</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`,
		"metrics&id=m":      `<MetricsConfiguration><Id>m</Id><Filter><Prefix>p</Prefix></Filter></MetricsConfiguration>`,
		"tagging":           `<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>`,
		"policy":            `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::` + testBucket + `"}}`,
	} {
		f.Add(setting, []byte(body))
	}
	s := newS3(withDefaults(Options{}), nil, nil)
	send := func(method, query string, body []byte) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "http://localhost/"+testBucket, bytes.NewReader(body))
		r.URL.RawQuery = query
		s.ServeHTTP(w, r)
		return w
	}
	send(http.MethodPut, "", nil)
	f.Fuzz(func(t *testing.T, setting string, body []byte) {
		values, err := url.ParseQuery(setting)
		if err != nil || len(values) == 0 {
			return
		}
		defer send(http.MethodDelete, "policy", nil)
		w := send(http.MethodPut, setting, body)
		if w.Code >= 500 && w.Code != http.StatusNotImplemented {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code >= 300 || !strings.Contains("versioning encryption publicAccessBlock ownershipControls lifecycle metrics&id=m tagging policy", setting) {
			return
		}
		got := send(http.MethodGet, setting, nil)
		if got.Code == http.StatusNotFound { // no tags
			return
		}
		if again := send(http.MethodPut, setting, got.Body.Bytes()); again.Code >= 300 {
			t.Errorf("%s was accepted as %s, but then %d %s", body, got.Body, again.Code, again.Body)
		}
	})
}

func FuzzDeleteObjects(f *testing.F) {
	f.Add([]byte(`<Delete><Quiet>true</Quiet><Object><Key>k</Key><VersionId>v</VersionId></Object></Delete>`))
	f.Add([]byte(`<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_ = decodeXML(body, &deleteRequest{})
		_ = decodeXML(body, &completeRequest{})
		_ = decodeXML(body, &createConfiguration{})
	})
}

func FuzzRange(f *testing.F) {
	f.Add("bytes=1-2", int64(10))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		first, last, ok, err := parseRange(header, size)
		if ok && err == nil && (first < 0 || last < first || last >= size) {
			t.Errorf("%s of %d: %d-%d", header, size, first, last)
		}
	})
}
