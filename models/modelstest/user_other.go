//go:build !unix

package modelstest

import "os/exec"

// asPostgresUser changes nothing here.
func asPostgresUser(*exec.Cmd) {}
