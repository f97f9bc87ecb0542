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

// startCluster starts PostgreSQL on a free port of the loopback and gives the
// address of its database "postgres".
func startCluster() (string, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// The shell holds the reading end, this process the writing end, for ever.
	alive, held, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("starting PostgreSQL: %w", err)
	}
	script := exec.Command("sh", "-c", clusterScript, "cluster", bin, strconv.Itoa(port))
	script.Stdin = alive
	asPostgresUser(script)
	output, err := script.StdoutPipe()
	if err != nil {
		return "", fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := script.Start(); err != nil {
		return "", fmt.Errorf("starting PostgreSQL: %w", err)
	}
	_ = alive.Close()
	var said []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if lines.Text() == "ready" {
			keepOpen(held)
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port), nil
		}
		said = append(said, lines.Text())
	}
	_ = held.Close()
	return "", fmt.Errorf("starting PostgreSQL: %w: %s", errors.Join(errors.New("it did not become ready"), script.Wait()), strings.Join(said, "\n"))
}

// keepOpen keeps a file from being closed by the garbage collector.
func keepOpen(f *os.File) {
	go func() {
		select {} //nolint:staticcheck // as long as the process lives
	}()
	_ = f
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
	return "", errors.New("no PostgreSQL binaries found")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
