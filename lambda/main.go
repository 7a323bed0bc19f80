package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	lambdaruntime "github.com/aws/aws-lambda-go/lambda"
)

// Main runs the function over the Lambda Runtime API until the process ends. It
// returns the process's exit code when the function cannot begin.
func Main() int {
	handler, err := begin(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error("the function cannot begin", "error", err.Error())
		refuse(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err)
		return 1
	}
	lambdaruntime.Start(handler) // ends with the process only
	return 0
}

// begin makes the handler that the environment describes.
func begin(ctx context.Context, getenv func(string) string, logs io.Writer) (*Handler, error) {
	if getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		return nil, errors.New("AWS_LAMBDA_RUNTIME_API is missing: only Lambda, or what stands in for it, can run this")
	}
	s, err := readSettings(getenv)
	if err != nil {
		return nil, err
	}
	cfg, err := configOf(getenv)
	if err != nil {
		return nil, err
	}
	if s.memory > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit(s.memory))
	}
	logger := slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: s.level}))
	tableConfig, bucketConfig := cfg, cfg
	tableConfig.BaseEndpoint = endpointOf(getenv, "DYNAMODB")
	bucketConfig.BaseEndpoint = endpointOf(getenv, "S3")
	finder := newTables(tableConfig, logger)
	if err := finder.probe(ctx, s.lookups); err != nil {
		return nil, fmt.Errorf("%s: %w", s.source, err)
	}
	codec, _ := codecOf(s.output.Compression) // which the settings are known to have
	return New(Options{
		Lookups:  s.lookups,
		Output:   s.output,
		Finder:   finder,
		Sink:     newBucket(bucketConfig, s.bucket, codec.media, bucketConfig.BaseEndpoint != nil, logger),
		Logger:   logger,
		Function: getenv("AWS_LAMBDA_FUNCTION_NAME"),
		Memory:   s.memory,
	})
}

// memoryLimit is the memory, in bytes, from which on the Go runtime collects garbage
// more often than it would by itself. Caches and answers take up a quarter of a
// function's memory, and the largest batch some 40 MB: seven sixteenths, but at least
// 112 MiB, have room for both. Of the smallest functions a seventh is left to what the
// runtime does not count.
func memoryLimit(memory int64) int64 {
	return min(memory/7*6, max(112<<20, memory/16*7))
}

// refuse tells the Runtime API that the function cannot begin, so that the reason
// stands in the answer to an invocation too. Without it Lambda only knows that the
// process ended; the log has the reason in any case.
func refuse(api string, reason error) {
	if api == "" {
		return
	}
	body, err := json.Marshal(map[string]string{"errorType": "Function.InvalidConfiguration", "errorMessage": reason.Error()})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+api+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Lambda-Runtime-Function-Error-Type", "Function.InvalidConfiguration")
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close() // nothing can follow
	}
}
