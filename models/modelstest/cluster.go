package modelstest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// clusterScript runs a throw-away cluster for as long as its standard input is
// open: the kernel closes it however the test process ends.
//
//go:embed cluster.sh
var clusterScript string

// syncSetting is the variable that makes the cluster sync its commits to the disk,
// as SQLite does in every test. Benchmarks want to know what that costs.
const syncSetting = "TEST_DATABASE_SYNC"

// errNoPostgres says that there is nothing to test on.
var errNoPostgres = errors.New("no PostgreSQL binaries found")

// startCluster starts PostgreSQL on a free port of the loopback and gives the
// address of its database "postgres". The cluster lasts until held is closed, by
// the end of the process at the latest.
func startCluster() (address string, held *os.File, err error) {
	bin, err := postgresBinaries()
	if err != nil {
		return "", nil, err
	}
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	// The shell holds the reading end, this process the writing end.
	alive, held, err := os.Pipe()
	if err != nil {
		return "", nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	sync := "off"
	if os.Getenv(syncSetting) != "" {
		sync = "on"
	}
	script := exec.Command("sh", "-c", clusterScript, "cluster", bin, strconv.Itoa(port), sync)
	script.Stdin = alive
	asPostgresUser(script)
	output, err := script.StdoutPipe()
	if err != nil {
		return "", nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := script.Start(); err != nil {
		return "", nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	_ = alive.Close()
	var said []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if lines.Text() == "ready" {
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port), held, nil
		}
		said = append(said, lines.Text())
	}
	_ = held.Close()
	return "", nil, fmt.Errorf("starting PostgreSQL: %w: %s", errors.Join(errors.New("it did not become ready"), script.Wait()), strings.Join(said, "\n"))
}

// postgresBinaries finds the folder of initdb and postgres.
func postgresBinaries() (string, error) {
	var candidates []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Reverse(debian) // the newest first
	candidates = append(candidates, debian...)
	if initdb, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(initdb))
	}
	for _, folder := range candidates {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil {
			return folder, nil
		}
	}
	return "", errNoPostgres
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
