package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"
)

// Version of the control addresses' answers.
const controlVersion = 1

// health is the answer of /_enrich/health.
type health struct {
	Account     string `json:"account"`
	Region      string `json:"region"`
	Version     int    `json:"version"`
	Unsupported int64  `json:"unsupported"`
	PID         int    `json:"pid"`
}

// serveControl answers what AWS does not have: health and shutdown, faults and
// readiness.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	// A page in somebody's browser can send requests to 127.0.0.1 too; it cannot
	// leave its Origin out, and programs do not send one.
	if r.Header.Get("Origin") != "" {
		http.Error(w, "not for browsers", http.StatusForbidden)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /_enrich/health":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(health{
			Account: s.options.Account, Region: s.options.Region,
			Version: controlVersion, Unsupported: s.unsupported.Load(), PID: os.Getpid(),
		}) // an error means that the asker has gone
	case "POST /_enrich/shutdown":
		w.WriteHeader(http.StatusAccepted)
		go func() { //nolint:contextcheck // outlives the request that asks
			// The request that asks is in flight itself, so the closing cannot be
			// part of it.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 30*time.Second)
			defer cancel()
			if err := s.Close(ctx); err != nil {
				s.options.Logger.Error("shutting down", "error", err)
			}
		}()
	default:
		if rest, ok := strings.CutPrefix(r.URL.Path, "/_enrich/"); !ok || !s.serveWeather(w, r, rest) {
			http.NotFound(w, r)
		}
	}
}
