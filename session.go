package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/urfave/cli/v2"

	"enrich/answer"
	"enrich/config"
	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

// session is one pipeline in one account and region, as a command works on it.
type session struct {
	cfg       config.Config
	sdk       aws.Config
	id        pipeline.Identity
	caller    string // ARN of who is calling
	pipeline  *pipeline.Pipeline
	code      pipeline.Code // empty in a build without archives
	endpoint  string        // "" is AWS itself
	statePath string
	binding   state.Binding
	warned    []string
	search    search
}

// open finds out what the command works on: settings, credentials, account and
// region. It changes nothing, but that with --local it starts the emulator.
func (p *program) open(ctx context.Context) (*session, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, err
	}
	s := &session{cfg: cfg}
	if err := s.readCode(p.archives); err != nil {
		return nil, err
	}
	if p.globals.local {
		err = p.connectLocal(ctx, s)
	} else {
		err = p.connect(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	if s.id, s.caller, err = identify(ctx, s.sdk, cfg); err != nil {
		return nil, err
	}
	if s.pipeline, err = pipeline.New(cfg, s.id, s.sdk, s.code); err != nil {
		return nil, err
	}
	s.statePath = state.Path(p.globals.stateDir, p.globals.local, cfg.Name, cfg.Environment)
	s.binding = state.Binding{
		Name: cfg.Name, Environment: cfg.Environment,
		Account: s.id.Account, Region: s.id.Region, Endpoint: s.endpoint,
	}
	if p.globals.local {
		s.binding.Endpoint = "local" // the port is another one each time
	}
	return s, nil
}

// settingFlags are the settings that the command line gave. Variables are left to the
// configuration, which names them in its messages.
func (p *program) settingFlags() config.Flags {
	given := func(flag string) string {
		value, _ := p.line.global(flag)
		return value
	}
	return config.Flags{File: given("config"), Name: given("name"), Environment: given("environment"), Region: given("region")}
}

// workingDirectory is where enrich.yaml and relative paths are looked for.
func workingDirectory() (string, error) {
	workdir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the current directory: %w", err)
	}
	return workdir, nil
}

// settings loads the configuration and checks what follows from it.
func (p *program) settings() (config.Config, error) {
	workdir, err := workingDirectory()
	if err != nil {
		return config.Config{}, err
	}
	cfg, err := config.Load(p.settingFlags(), p.getenv, workdir, pipeline.Checks()...)
	if err != nil {
		return config.Config{}, err
	}
	if cfg.Region != "" {
		if err := checkRegion(cfg.Region); err != nil {
			return config.Config{}, err
		}
	}
	return cfg, nil
}

// readCode takes the function for the configured architecture, if this build
// has one.
func (s *session) readCode(archives fs.FS) error {
	code, err := readArchive(archives, s.cfg.Function.Architecture)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.code = code
	return nil
}

// needCode is asked by commands that upload the function.
func (s *session) needCode() error {
	if len(s.code.Zip) == 0 {
		return errNoArchive(s.cfg.Function.Architecture)
	}
	return nil
}

// connect uses the AWS SDK's own variables and files, below our flags.
func (p *program) connect(ctx context.Context, s *session) error {
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithLogger(sdkLogger(p.out)),
		awsconfig.WithHTTPClient(caller(answerLimit)), // which AWS_CA_BUNDLE then changes
	}
	if s.cfg.Region != "" {
		options = append(options, awsconfig.WithRegion(s.cfg.Region))
	}
	if p.globals.profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(p.globals.profile))
	}
	if p.globals.endpointURL != "" {
		if err := checkEndpoint(p.source("endpoint-url"), p.globals.endpointURL); err != nil {
			return err
		}
		options = append(options, awsconfig.WithBaseEndpoint(p.globals.endpointURL))
	}
	sdk, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return unloaded(err)
	}
	if endpoint := aws.ToString(sdk.BaseEndpoint); endpoint != "" && endpoint != p.globals.endpointURL {
		if err := checkEndpoint(p.sdkEndpointSource(endpoint), endpoint); err != nil {
			return err
		}
	}
	if err := checkRegion(sdk.Region); err != nil {
		return err
	}
	if err := checkCredentials(ctx, sdk); err != nil {
		return err
	}
	s.endpoint = strings.TrimRight(aws.ToString(sdk.BaseEndpoint), "/")
	sdk.HTTPClient = finishCalls(answer.Once(sdk.HTTPClient), p.tellWaiting)
	s.sdk = traced(sdk, p.out, &p.toll)
	return nil
}

// tellWaiting says why the program does not end at once.
func (p *program) tellWaiting() {
	p.out.note("interrupted: waiting for the answers to calls that are under way; interrupt again to stop at once")
}

// localRegion is that of --local where none is given.
const localRegion = "us-east-1"

// connectLocal uses the emulator and nothing that AWS variables or files say.
func (p *program) connectLocal(ctx context.Context, s *session) error {
	running, _, err := p.ensureEmulator(ctx)
	if err != nil {
		return err
	}
	region := cmp.Or(s.cfg.Region, localRegion)
	s.endpoint = running.Endpoint
	s.sdk = traced(aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(running.Endpoint),
		HTTPClient:   finishCalls(answer.Once(caller(answerLimit)), p.tellWaiting),
		Logger:       sdkLogger(p.out),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, p.out, &p.toll)
	return nil
}

// checkCredentials tells people who have none what their choices are, before
// the SDK says so in its own, long words.
func checkCredentials(ctx context.Context, sdk aws.Config) error {
	_, err := sdk.Credentials.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	message := "no AWS credentials found"
	// The chain's last link is the metadata service of EC2; its failure means
	// that nothing before it was set up.
	if text := err.Error(); !strings.Contains(text, "IMDS") && !strings.Contains(text, "ec2imds") {
		message = "no usable AWS credentials: " + text
	}
	f := &fault{message: message, cause: err, code: "NoCredentials"}
	return f.hint("set AWS_PROFILE, name a --profile, or sign in (aws configure, aws sso login)").
		hint("enrich --local … works without an AWS account")
}

// identify asks who is calling: account and partition come from there. The
// caller is an ARN.
func identify(ctx context.Context, sdk aws.Config, cfg config.Config) (id pipeline.Identity, caller string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, identifyLimit, errUnidentified)
	defer cancel()
	who, err := sts.NewFromConfig(pipeline.ControlPlane(sdk)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return id, "", unidentified(ctx, err, sdk)
	}
	name, err := arn.Parse(aws.ToString(who.Arn))
	if err != nil {
		return id, "", fmt.Errorf("reading the caller's ARN %q: %w", aws.ToString(who.Arn), err)
	}
	return pipeline.Identity{
		Name: cfg.Name, Environment: cfg.Environment,
		Partition: name.Partition, Account: aws.ToString(who.Account), Region: sdk.Region,
	}, name.String(), nil
}

// forceUnlock is the flag of the commands that lock the record.
func forceUnlock() cli.Flag {
	return &cli.BoolFlag{Name: "force-unlock", Usage: "take the record's lock away from a process that is no more"}
}

// lock opens the record for writing.
func (s *session) lock(ctx context.Context, force bool) (*state.Store, error) {
	if force {
		if err := state.Unlock(s.statePath, alive); err != nil {
			return nil, err
		}
	}
	return state.Open(ctx, s.statePath, s.binding)
}

// production tells whether the environment is one where mistakes cost.
func (s *session) production() bool { return s.cfg.Environment == "prod" }

// outputs are the pipeline's outputs with where they are.
func (s *session) outputs() map[string]string {
	outputs := s.pipeline.Outputs()
	outputs["endpoint"] = s.endpoint
	return outputs
}

// engine works on the configuration's resources and on the further ones.
func (s *session) engine(store *state.Store, recorded *state.Document, observe engine.Observer, further ...engine.Resource) *engine.Engine {
	e := s.engineOf(append(s.pipeline.Resources(), further...)...)
	e.Record, e.Recorded, e.Observe = store, recorded, observe
	return e
}

// engineOf works on these resources.
func (s *session) engineOf(resources ...engine.Resource) *engine.Engine {
	return &engine.Engine{Resources: resources, Owns: s.pipeline.Owns, Owner: s.pipeline.Owner, Under: s.pipeline.Under}
}

// left are the recorded resources that the configuration no longer has.
func (s *session) left(document *state.Document) ([]engine.Resource, error) {
	if document == nil {
		return nil, nil
	}
	var resources []engine.Resource
	wanted := s.pipeline.Resources()
	for _, recorded := range document.Resources {
		if slices.ContainsFunc(wanted, func(r engine.Resource) bool { return r.Key() == recorded.Key }) {
			continue
		}
		r, err := s.pipeline.Restore(recorded.Key, recorded.Kind, recorded.Name, recorded.ID)
		if err != nil {
			return nil, err
		}
		resources = append(resources, r)
	}
	return resources, nil
}

// describe is the place of the work, for people.
func (s *session) describe() string {
	where := "account " + s.id.Account + ", " + s.id.Region
	if s.endpoint != "" {
		where += ", " + s.endpoint
	}
	return fmt.Sprintf("%s (%s) in %s", s.cfg.Name, s.cfg.Environment, where)
}
