#!/usr/bin/env bash
# Brings what the tests need beside npm packages: the real peers. As root on Debian they are installed; otherwise the
# missing ones are listed, and under CI=true that is a failure.
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "$0")")")
if ! "$root/node_modules/.bin/node" "$root/scripts/node-red.ts"; then
  echo "Without Node-RED its tests will say that they were skipped." >&2
  if [ "${CI:-}" = true ]; then exit 1; fi
fi

declare -A packages=(
  [mosquitto]=mosquitto
  [mosquitto_pub]=mosquitto-clients
  [mosquitto_sub]=mosquitto-clients
  [chromium]=chromium
  [busybox]=busybox-static
  [shellcheck]=shellcheck
  [xz]=xz-utils
  [zstd]=zstd
)
export PATH="$PATH:/usr/sbin:/sbin"

missing() {
  local tool
  for tool in "${!packages[@]}"; do
    command -v "$tool" >/dev/null || echo "${packages[$tool]}"
  done | sort -u
}

wanted=$(missing)
[ -z "$wanted" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing the test tools: ${wanted//$'
'/ }"
  export DEBIAN_FRONTEND=noninteractive
  # Debian starts a broker on port 1883 when it is installed; tests start their own.
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of package names
  apt-get install -y -qq --no-install-recommends $wanted >/dev/null
  wanted=$(missing)
  [ -z "$wanted" ] && exit 0
fi

echo "These Debian packages are missing for the whole test run:" >&2
echo "  sudo apt-get install ${wanted//$'\n'/ }" >&2
if [ "${CI:-}" = true ]; then exit 1; fi
echo "The tests that need them will say that they were skipped." >&2
