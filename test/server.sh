# Sourced by test/run, demo.sh and bench/: a private install of the extension and private servers on unix sockets.
# Nothing of the system's own servers is touched; everything lives in the temporary folder $work.
# Needs: bash, the repository as current directory. Sets: work, bin, pgxs_src, libdir_conf.

pg_config=${PG_CONFIG:-pg_config}
bin=$($pg_config --bindir)
pgxs_src=$(dirname "$($pg_config --pgxs)")/..
major=$($pg_config --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')

# Postgres refuses to run as root: root hands over to an unprivileged account.
if [ "$(id -u)" = 0 ]; then
  server_user=${TEST_USER:-postgres}
  as_server() { runuser -u "$server_user" -- "$@"; }
else
  server_user=$(id -un)
  as_server() { "$@"; }
fi

# private_install: builds, installs under $work/root, and writes $work/find.conf, the settings that let a server find it.
private_install() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/phisync.XXXXXX")
  chmod 755 "$work"
  make -s -j"$(nproc)" all >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; return 1; }
  make -s install DESTDIR="$work/root" >>"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; return 1; }
  {
    # Output plugins are looked up by bare name along this path.
    echo "dynamic_library_path = '$work/root$($pg_config --pkglibdir):\$libdir'"
    if [ "$major" -ge 18 ]; then
      echo "extension_control_path = '$work/root$($pg_config --sharedir):\$system'"
    else
      echo "extension_destdir = '$work/root'"
    fi
    # Since 15.19, 16.15, 17.11 and 18.6; naming it on an older minor stops the server from starting.
    # The whole output is read before the search: with pipefail, grep -q would break the pipe at random.
    if "$bin/postgres" --describe-config | grep '^output_plugin_libraries' >/dev/null; then
      echo "output_plugin_libraries = 'pgoutput, test_decoding, phisync'"
    fi
  } >"$work/find.conf"
  [ "$(id -u)" != 0 ] || chown "$server_user" "$work"
}

# server_init NAME [LINE...]: a cluster in $work/NAME with the extra configuration lines; exports PGHOST, PGPORT, PGUSER.
server_init() {
  local name=$1 data
  shift
  data=$work/$name
  as_server "$bin/initdb" -D "$data" -U postgres -A trust --no-sync -E UTF8 --locale=C >"$work/$name.initdb.log"
  {
    cat "$work/find.conf"
    echo "wal_level = logical"
    echo "max_replication_slots = 20"
    echo "max_wal_senders = 20"
    echo "fsync = off"
    # Estimates of functions that return sets have the server compile queries that read ten rows.
    echo "jit = off"
    echo "listen_addresses = ''"
    echo "unix_socket_directories = '$work'"
    printf '%s\n' "$@"
  } | as_server tee -a "$data/postgresql.conf" >/dev/null
  export PGHOST=$work PGPORT=${PHISYNC_TEST_PORT:-6016} PGUSER=postgres PGDATABASE=postgres
  unset PGPASSFILE PGSERVICE PGOPTIONS
}

# server_start NAME [LINE...]: server_init, and the server started.
server_start() {
  local name=$1
  server_init "$@"
  as_server "$bin/pg_ctl" -D "$work/$name" -l "$work/$name.log" -w -o "-p $PGPORT" start >/dev/null || {
    cat "$work/$name.log" >&2
    return 1
  }
}

# server_stop NAME
server_stop() { as_server "$bin/pg_ctl" -D "$work/$1" -m fast -w stop >/dev/null; }

# Stops whatever still runs in $work; then removes $work, or keeps it when KEEP=1.
private_cleanup() {
  local pid
  [ -n "${work:-}" ] || return 0
  for pid in "$work"/*/postmaster.pid; do
    [ -e "$pid" ] && as_server "$bin/pg_ctl" -D "$(dirname "$pid")" -m immediate -w stop >/dev/null 2>&1
  done
  [ "${KEEP:-0}" = 1 ] || rm -rf "$work"
}
