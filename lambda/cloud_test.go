package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// cloud speaks as much of DynamoDB's and S3's wire protocols as the function uses,
// strictly: what AWS would refuse is refused.
type cloud struct {
	t        testing.TB
	mutex    sync.Mutex
	items    map[string]json.RawMessage // attributes in DynamoDB's JSON, by user_id
	objects  map[string][]byte
	owner    string // of the bucket; a put that expects another is refused
	requests []string
	reads    int
	probes   int
	// At each request, by their number from 1; may be nil.
	onRead  func(n int) (fault string, unprocessed int)
	onWrite func(n int) (fault string)
	// How many of a read's keys the table has throughput for, whichever; may be nil.
	room func(keys int) int
}

func newCloud(t testing.TB) (*cloud, *httptest.Server) {
	c := &cloud{t: t, items: map[string]json.RawMessage{}, objects: map[string][]byte{}, owner: "123456789012"}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, server
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if bytes.Contains(body, []byte(`"Keys":[{"user_id":{"S":"0"}}]`)) { // before the first batch, which the tests are not about
		c.probes++
		c.broken(w, "500 InternalServerError", false)
		return
	}
	c.requests = append(c.requests, r.Method+" "+r.URL.Path)
	if r.Header.Get("X-Amz-Target") == "DynamoDB_20120810.BatchGetItem" {
		c.batchGetItem(w, body)
		return
	}
	if r.Method == http.MethodPut {
		c.putObject(w, r, body)
		return
	}
	http.Error(w, "unknown operation", http.StatusNotImplemented)
}

// broken plays a fault: the name of an error, or a broken connection.
func (c *cloud) broken(w http.ResponseWriter, fault string, asXML bool) bool {
	switch fault {
	case "":
		return false
	case "reset":
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	default:
		status, code := 0, ""
		if _, err := fmt.Sscan(fault, &status, &code); err != nil {
			c.t.Errorf("fault %q: %v", fault, err)
		}
		if asXML {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as told</Message></Error>", code)
			return true
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"as told"}`, code)
	}
	return true
}

func (c *cloud) batchGetItem(w http.ResponseWriter, body []byte) {
	c.reads++
	left := 0
	if c.onRead != nil {
		var fault string
		if fault, left = c.onRead(c.reads); c.broken(w, fault, false) {
			return
		}
	}
	type request struct {
		Keys       []map[string]map[string]string
		Projection string            `json:"ProjectionExpression"`
		Names      map[string]string `json:"ExpressionAttributeNames"`
	}
	var input struct {
		RequestItems map[string]request
	}
	if err := json.Unmarshal(body, &input); err != nil || len(input.RequestItems) != 1 {
		c.t.Errorf("%s: %v", body, err)
	}
	for table, request := range input.RequestItems {
		if !c.check(w, table, len(request.Keys), request.Projection, request.Names) {
			return
		}
		if c.room != nil {
			left = len(request.Keys) - c.room(len(request.Keys))
			rand.Shuffle(len(request.Keys), func(i, j int) { request.Keys[i], request.Keys[j] = request.Keys[j], request.Keys[i] })
		}
		if left == len(request.Keys) && c.broken(w, "400 ProvisionedThroughputExceededException", false) {
			return
		}
		found := []json.RawMessage{}
		seen := map[string]bool{}
		for _, key := range request.Keys[:len(request.Keys)-left] {
			id := key["user_id"]["S"]
			if seen[id] || id == "" || len(id) > 2048 {
				c.broken(w, "400 ValidationException", false)
				return
			}
			seen[id] = true
			if item, ok := c.items[id]; ok {
				found = append(found, item)
			}
		}
		output := map[string]any{"Responses": map[string]any{table: found}, "UnprocessedKeys": map[string]any{}}
		if left > 0 {
			request.Keys = request.Keys[len(request.Keys)-left:]
			output["UnprocessedKeys"] = map[string]any{table: map[string]any{
				"Keys": request.Keys, "ProjectionExpression": request.Projection, "ExpressionAttributeNames": request.Names,
			}}
		}
		answer, err := json.Marshal(output)
		if err != nil {
			c.t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(answer)))
		_, _ = w.Write(answer)
	}
}

// check refuses what DynamoDB refuses.
func (c *cloud) check(w http.ResponseWriter, table string, keys int, projection string, names map[string]string) bool {
	if table != "users" {
		c.broken(w, "400 ResourceNotFoundException", false)
		return false
	}
	attributes := map[string]bool{}
	for _, part := range strings.Split(projection, ",") {
		if names[part] == "" || attributes[names[part]] {
			c.broken(w, "400 ValidationException", false)
			return false
		}
		attributes[names[part]] = true
	}
	if keys == 0 || keys > 100 || len(attributes) != len(names) || !attributes["user_id"] {
		c.broken(w, "400 ValidationException", false)
		return false
	}
	return true
}

func (c *cloud) putObject(w http.ResponseWriter, r *http.Request, body []byte) {
	if c.onWrite != nil && c.broken(w, c.onWrite(len(c.requests)), true) {
		return
	}
	if owner := r.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != c.owner {
		c.broken(w, "403 AccessDenied", true)
		return
	}
	sum := crc32.ChecksumIEEE(body)
	want := base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	if r.Header.Get("X-Amz-Checksum-Crc32") != want || r.Header.Get("Content-Type") != "application/gzip" || r.ContentLength != int64(len(body)) {
		c.t.Errorf("put without its sum: %v", r.Header)
	}
	c.objects[r.URL.Path] = bytes.Clone(body)
	w.WriteHeader(http.StatusOK)
}

// environment is what Lambda sets for a function, here against a server.
func environment(url string, more ...string) func(string) string {
	values := map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_ENDPOINT_URL": url, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "BUCKET_NAME": "bucket", "TABLE_NAME": "users",
	}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return func(name string) string { return values[name] }
}
