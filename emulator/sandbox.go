package emulator

import (
	"fmt"
	"time"
)

// sandbox is what an execution environment is made of before it has a process,
// and what outlives the failed attempts to start one.
type sandbox struct {
	deployment
	lambda     *lambdaService
	log        *functionLog
	generation int
}

func (l *lambdaService) newSandbox(f *function) (*sandbox, error) {
	// The generation first: if the function changes in between, the environment
	// is taken for an old one, never for a new one.
	s := &sandbox{lambda: l, generation: f.pool.current()}
	s.deployment = f.deploy()
	var err error
	if s.log, err = l.openLog(s.deployment); err != nil {
		s.code.release()
		return nil, err
	}
	return s, nil
}

// start brings a process up to where it asks for its first event.
func (s *sandbox) start(late <-chan time.Time, phase string) (*environment, *runtimeFailure) {
	started := s.lambda.clock.Now()
	if phase == "init" {
		arn := *s.config.RuntimeVersionConfig.RuntimeVersionArn
		s.log.platform(fmt.Sprintf("INIT_START Runtime Version: %s.v0\tRuntime Version ARN: %s", s.config.Runtime, arn),
			"platform.initStart", map[string]any{
				"initializationType": "on-demand", "phase": phase, "runtimeVersion": string(s.config.Runtime) + ".v0", "runtimeVersionArn": arn,
				"functionName": s.function.name, "functionVersion": latestVersion,
			})
	}
	e, failure := s.startEnvironment()
	adopted := failure == nil && s.function.pool.adopt(e)
	if failure == nil && !adopted {
		e.stop()
		failure = &runtimeFailure{kind: "Sandbox.Failure", message: "the function was deleted", status: "error"}
	}
	if failure == nil {
		failure = e.awaitInit(late)
	}
	took := s.lambda.clock.Now().Sub(started)
	s.log.flush() // what it wrote so far comes before what follows
	if failure == nil {
		if phase == "init" { // otherwise it is part of the invocation's own duration
			e.initTook = took
		}
		return e, nil
	}
	if adopted {
		s.function.pool.disown(e)
	}
	s.log.platform(fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s\tError Type: %s", milliseconds(took), phase, failure.status, failure.kind),
		"platform.initReport", map[string]any{
			"initializationType": "on-demand", "phase": phase, "status": failure.status, "errorType": failure.kind,
			"metrics": map[string]any{"durationMs": milliseconds(took)},
		})
	return nil, failure
}

// abandon gives up what the sandbox has once no process runs in it.
func (s *sandbox) abandon() {
	s.log.close()
	s.code.release()
}
