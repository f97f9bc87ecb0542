package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/cmd/gateway/internal/world"
	"wagateway/models"
	"wagateway/whatsapp/wasim"
)

const (
	demoOrganization = "demo"
	demoKeyName      = "demo"
	demoKeyFile      = "demo.key"

	// demoPace is the time between two things that happen in the demo's world.
	demoPace = 3 * time.Second
	// demoRetention and demoEventBytes keep the demo's folder small.
	demoRetention  = 24 * time.Hour
	demoEventBytes = 64 << 20
	// demoMediaBytes is what a demo fetches at most: enough for a picture or a
	// short film.
	demoMediaBytes = 16 << 20
	// demoReadyTimeout is far above the second or two that pairing takes.
	demoReadyTimeout = time.Minute
)

// demoSeed fixes the simulator's root key and people's LIDs, so that a demo with
// --data meets the same people again.
const demoSeed = "gateway demo"

type demoCommand struct {
	Addr      string `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8080"`
	APIKey    string `name:"api-key" help:"Use this API key (wa_ and at least 32 letters and digits) instead of a random one." placeholder:"wa_…"`
	Data      string `help:"Keep the gateway's data in this folder, for the next demo. The simulated WhatsApp itself is new each time." placeholder:"DIR"`
	GroupSize int    `help:"Members of the largest group, 2 to 1024." default:"64"`
	Quiet     bool   `help:"Nothing happens by itself in the groups."`
}

// Validate refuses, while the command line is read, what the world would.
func (c demoCommand) Validate() error {
	if c.GroupSize < 2 || c.GroupSize > world.MaxGroupSize {
		return fmt.Errorf("--group-size must be 2 to %d", world.MaxGroupSize)
	}
	return nil
}

// Run serves the demo until ctx ends.
func (c demoCommand) Run(ctx context.Context, process *Process) (err error) {
	settings, err := c.settings(process)
	if err != nil {
		return err
	}
	if c.Data == "" {
		if settings.DataDir, err = os.MkdirTemp("", "gateway-demo-"); err != nil {
			return fmt.Errorf("making a throwaway data folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(settings.DataDir)) }()
	}
	logger := newLogger(process.Stderr, settings.Log)
	simulator, err := wasim.New(wasim.Options{Logger: logger, RootSeed: []byte(demoSeed)})
	if err != nil {
		return fmt.Errorf("making the simulator: %w", err)
	}
	if err := simulator.Start("127.0.0.1:0"); err != nil {
		return fmt.Errorf("starting the simulator: %w", err)
	}
	defer func() { err = errors.Join(err, simulator.Close()) }()
	root := simulator.RootKey()
	settings.WhatsApp = config.WhatsApp{URL: simulator.URL(), RootKey: root[:]}

	program, err := Open(ctx, settings, logger)
	if err != nil {
		return err
	}
	return program.run(ctx, func() error {
		demo, err := c.prepare(ctx, program, simulator)
		if err != nil {
			return err
		}
		if err := program.Serve(demo.guide); err != nil {
			return err
		}
		if !c.Quiet {
			// Ends with ctx; the simulator it acts on refuses once it is closed.
			go demo.world.Live(ctx, demoPace, logger)
		}
		return demo.announce(process.Stdout, program.URL(), simulator)
	})
}

// settings are the log's from the environment and otherwise the demo's own: it
// must not touch the database or the data of a gateway that is configured there.
func (c demoCommand) settings(process *Process) (*config.Config, error) {
	settings, err := config.Load(process.Environ)
	if err != nil {
		return nil, err
	}
	return &config.Config{
		Addr:          c.Addr,
		DataDir:       c.Data,
		ID:            "demo",
		Playground:    true,
		Introspection: true,
		Metrics:       config.MetricsPublic,
		Event:         config.Event{Retention: demoRetention, MaxBytes: demoEventBytes},
		Media:         config.Media{MaxFile: demoMediaBytes, Download: true},
		// Who tries webhooks out receives them on this machine.
		AllowPrivateNetworks: true,
		Log:                  settings.Log,
	}, nil
}

// demo is a prepared demonstration.
type demo struct {
	world *world.World
	guide Guide
}

// prepare builds the world, pairs the session and returns once the gateway has
// stored every group and the names of the address book.
func (c demoCommand) prepare(ctx context.Context, program *Program, simulator *wasim.Server) (*demo, error) {
	ctx, cancel := context.WithTimeout(ctx, demoReadyTimeout)
	defer cancel()
	w, err := world.New(ctx, simulator, c.GroupSize)
	if err != nil {
		return nil, fmt.Errorf("building the demo's world: %w", err)
	}
	if _, err := program.DB.Organizations.Ensure(ctx, demoOrganization, "Demo"); err != nil {
		return nil, fmt.Errorf("creating the demo's organization: %w", err)
	}
	secret, err := c.key(ctx, program)
	if err != nil {
		return nil, err
	}
	sessionID, err := pairDemo(ctx, program, w)
	if err != nil {
		return nil, fmt.Errorf("pairing the demo's session: %w", err)
	}
	if err := waitForWorld(ctx, program.DB, sessionID, w); err != nil {
		return nil, fmt.Errorf("waiting for the demo's groups and names: %w", err)
	}
	if err := w.Talk(ctx); err != nil {
		return nil, fmt.Errorf("letting the demo's people chat: %w", err)
	}
	return &demo{world: w, guide: Guide{APIKey: secret, SessionID: sessionID, GroupJID: w.BigGroupJID(), FriendJID: w.FriendJID()}}, nil
}

// key gives the API key that was asked for, or a random one. With --data that is
// kept in a file, since the database holds only its hash.
func (c demoCommand) key(ctx context.Context, program *Program) (string, error) {
	wanted := models.NewAPIKey{OrganizationID: demoOrganization, Name: demoKeyName, Capabilities: everything()}
	file := filepath.Join(program.settings.DataDir, demoKeyFile)
	secret := c.APIKey
	if secret == "" {
		kept, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("reading the demo's API key: %w", err)
		}
		secret = strings.TrimSpace(string(kept))
	}
	if secret != "" {
		if _, err := program.DB.APIKeys.CreateWithSecret(ctx, wanted, secret); err != nil {
			return "", fmt.Errorf("creating the demo's API key: %w", err)
		}
		return secret, nil
	}
	_, secret, err := program.DB.APIKeys.Create(ctx, wanted)
	if err != nil {
		return "", fmt.Errorf("creating the demo's API key: %w", err)
	}
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping the demo's API key: %w", err)
	}
	return secret, nil
}
