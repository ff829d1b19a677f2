# Sourced by test.sh and demo.sh: Debian packages that each needs, and need_packages, which installs the missing ones.

# The server's major version that is tested: the one of Debian.
pg_major=${PG_MAJOR:-15}
packages_build="g++ make postgresql-$pg_major postgresql-server-dev-$pg_major libssl-dev"
packages_test="cmake libgtest-dev clang-14 libclang-rt-14-dev clang-format clang-tidy libipc-run-perl bzip2 python3 faketime"
packages_data="nodejs npm"

# need_packages NAME...: installs those that are missing, with sudo where we are not root.
need_packages() {
  local name missing=()
  for name in "$@"; do
    case $name in
      # Node may come from elsewhere than Debian; npm then comes with it.
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "missing packages: ${missing[*]}; install them as root, or install sudo" >&2
      return 1
    }
    sudo=(sudo)
  fi
  echo "installing: ${missing[*]}" >&2
  # No cluster of the system's own is created or started for our sake.
  "${sudo[@]}" mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' | "${sudo[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
