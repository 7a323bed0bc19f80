# The two that matter: `make demo` shows the main job, `make test` passes the tests.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT   ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
ARCHIVES := dist/function-linux-arm64.zip dist/function-linux-amd64.zip

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GORELEASER    := github.com/goreleaser/goreleaser/v2@v2.16.0

.PHONY: build function demo test cover interop lint tidy cross release-check bench clean always

build: function ## ./enrich with the function of both architectures inside
	$(GO) build -trimpath -ldflags "$(LDFLAGS)" -o enrich .

function: $(ARCHIVES) ## dist/function-linux-<arch>.zip; same source, same bytes

# -trimpath, no VCS stamp and an empty build ID make the bytes depend on the source and the Go version alone.
dist/function-linux-%.zip: always # go knows best what changed
	CGO_ENABLED=0 GOOS=linux GOARCH=$* $(GO) build -tags lambda.norpc -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid=" -o build/$*/bootstrap ./lambda/bootstrap
	$(GO) run ./tools/pack -in build/$*/bootstrap -out $@

demo: build ## deploy, feed, check and destroy on the embedded emulator
	./examples/demo.sh

# Without the setting each program under test ends a second late.
test: ## every test, with the race detector
	$(GO) vet ./...
	GORACE=atexit_sleep_ms=0 $(GO) test -race -shuffle=on -timeout 40m ./...

cover: ## coverage by package
	$(GO) test -cover -coverprofile=build/cover.out ./...

interop: build ## the same commands against servers and clients that are not ours (needs python3; node and npm for the CDK)
	./tools/interop/run.sh

lint: tidy ## golangci-lint with the layering rules
	$(GO) run $(GOLANGCI_LINT) run --allow-parallel-runners

tidy: ## go.mod and go.sum are as `go mod tidy` would leave them
	$(GO) mod tidy -diff

cross: ## compiles for every platform that is released
	for os in linux darwin windows; do for arch in amd64 arm64; do \
		echo "$$os/$$arch"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -o build/cross/ ./ || exit 1; \
	done; done

release-check: ## the release configuration is valid; publishes nothing
	$(GO) run $(GORELEASER) check

bench: ## benchmarks of every package, then of the function's process (with python3: beside the recipe's)
	$(GO) test -run '^$$' -bench . -benchmem ./...
	./tools/bench/run.sh

clean: ## what make has made; state files are yours
	rm -rf build enrich dist/*.zip coverage.out
