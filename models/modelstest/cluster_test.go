package modelstest_test

import (
	"bufio"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wagateway/models/modelstest"
)

// helperVariable makes this test binary start a cluster and wait to be killed.
const helperVariable = "MODELSTEST_HELPER"

// A test binary that is killed leaves no server behind.
func TestClusterEndsWithItsProcess(t *testing.T) {
	if os.Getenv(helperVariable) != "" {
		_, _ = os.Stderr.WriteString("url " + modelstest.URL(t, modelstest.Postgres) + "\n")
		select {}
	}
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Skip("there is no cluster of our own with TEST_DATABASE_URL")
	}
	modelstest.URL(t, modelstest.Postgres) // skips where there is no PostgreSQL
	helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestClusterEndsWithItsProcess$")
	helper.Env = append(os.Environ(), helperVariable+"=1")
	output, err := helper.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	var host string
	for lines := bufio.NewScanner(output); host == "" && lines.Scan(); {
		if address, found := strings.CutPrefix(lines.Text(), "url "); found {
			parsed, err := url.Parse(address)
			require.NoError(t, err)
			host = parsed.Host
		}
	}
	require.NotEmpty(t, host, "the helper started a cluster")
	connected := func() bool {
		conn, err := net.DialTimeout("tcp", host, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
	require.True(t, connected())

	require.NoError(t, helper.Process.Kill())
	_ = helper.Wait() // it was killed
	require.Eventually(t, func() bool { return !connected() }, 20*time.Second, 20*time.Millisecond)
}
