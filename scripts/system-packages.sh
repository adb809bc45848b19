#!/usr/bin/env bash
# Installs system packages by name where it may (root on a Debian system), and says what is lost where it may not.
# Usage: system-packages.sh COMMAND:PACKAGE:WHAT-IS-LOST ...     Never fails.
set -u
wanted=()
for entry in "$@"; do
  IFS=: read -r command package lost <<<"$entry"
  command -v "$command" >/dev/null && continue
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    wanted+=("$package")
  else
    echo "note: $command is not installed; $lost. To mend it: apt-get install $package" >&2
  fi
done
[ ${#wanted[@]} -eq 0 ] && exit 0
echo "installing ${wanted[*]} ..." >&2
install() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}" >/dev/null 2>&1; }
install || { apt-get update >/dev/null 2>&1; install; } || echo "note: could not install ${wanted[*]}" >&2
exit 0
