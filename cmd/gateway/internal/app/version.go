package app

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"
)

// whatsmeowModule is the protocol library; its version decides what works.
const whatsmeowModule = "go.mau.fi/whatsmeow"

type versionCommand struct{}

// Run prints what the program was built from.
func (versionCommand) Run(process *Process) error {
	return readBuild().write(process.Stdout)
}

// build is what Go recorded about this program. Fields are "unknown" where it
// recorded nothing, as in test binaries.
type build struct {
	version, commit, whatsmeow string
}

func readBuild() build {
	b := build{version: "unknown", commit: "unknown", whatsmeow: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, module := range info.Deps {
		if module.Path == whatsmeowModule {
			b.whatsmeow = module.Version
		}
	}
	changed := false
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.commit = setting.Value
		case "vcs.modified":
			changed = setting.Value == "true"
		}
	}
	if changed {
		b.commit += " (with local changes)"
	}
	return b
}

func (b build) write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "gateway\t%s\n", b.version)
	fmt.Fprintf(table, "commit\t%s\n", b.commit)
	fmt.Fprintf(table, "go\t%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(table, "whatsmeow\t%s\n", b.whatsmeow)
	return table.Flush()
}
