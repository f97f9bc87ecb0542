# Passes `go test -bench` through and, at the end, compares what belongs together:
# a benchmark with a sub-benchmark "baseline" (or "plain") is a contest, and each of
# its other sub-benchmarks is shown as a share of the baseline's speed and memory.
# Metrics whose unit ends in "ratio" or "/baseline" are repeated, since a benchmark
# worked them out itself.

{ print; fflush() }

/^(FAIL|--- FAIL|panic:)/ { failed = 1 }

/^Benchmark/ {
  name = $1
  sub(/-[0-9]+$/, "", name)
  for (i = 3; i < NF; i += 2) {
    unit = $(i + 1)
    value[name, unit] = $i
    if (unit ~ /(ratio|\/baseline)$/) own[++owns] = sprintf("%-60s %8.2f %s", name, $i, unit)
  }
  names[++count] = name
}

END {
  print "\nRatios (speed: higher is better; memory and allocations: lower is better)"
  for (n = 1; n <= count; n++) {
    name = names[n]
    base = name
    sub(/\/[^\/]*$/, "/baseline", base)
    if (!((base, "ns/op") in value)) sub(/baseline$/, "plain", base)
    if (name == base || !((base, "ns/op") in value)) continue
    line = sprintf("%-60s %5.2f of the baseline's speed", name, value[base, "ns/op"] / value[name, "ns/op"])
    if (value[base, "B/op"] > 0) line = line sprintf(", %.2f memory", value[name, "B/op"] / value[base, "B/op"])
    if (value[base, "allocs/op"] > 0) line = line sprintf(", %.2f allocations", value[name, "allocs/op"] / value[base, "allocs/op"])
    print line
  }
  for (n = 1; n <= owns; n++) print own[n]
  exit failed
}
