# cluster BIN PORT SYNC: a throw-away PostgreSQL cluster that lasts until standard
# input ends. Prints "ready" once it accepts connections. Nothing in it is
# meant to survive, so it does not sync, unless SYNC is "on": then it costs what
# one costs that is meant to.
bin=$1
port=$2
sync=$3
dir=$(mktemp -d) || exit 1
cd "$dir" || exit 1
trap '' INT TERM HUP
{
	"$bin/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions &&
		"$bin/pg_ctl" -D data -w -t 30 -l log start -o "-p $port -h 127.0.0.1 -k $dir -c fsync=$sync -c synchronous_commit=$sync \
			-c full_page_writes=$sync -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off"
} >out 2>&1 && echo ready || cat out log 2>/dev/null
exec >/dev/null 2>&1
cat
"$bin/pg_ctl" -D data -m immediate stop
cd /
rm -rf "$dir"
