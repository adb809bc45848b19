#!/usr/bin/env bash
# Brings the SoundFont that the built-in engine plays best with into .cache/soundfonts/, without root:
# Debian's package is downloaded and unpacked there. Never fails: without it the engine falls back to a
# small font that comes with a Python package, and `musicgen doctor` says so.
set -u
cd "$(dirname "$0")/.."
font=FluidR3Mono_GM.sf3
package=fluidr3mono-gm-soundfont
target=.cache/soundfonts

for place in "$target" /usr/share/sounds/sf3 /usr/share/soundfonts; do
  [ -s "$place/$font" ] && exit 0
done

missing() {
  echo "note: $font is not here ($1). Songs will be played with a small font and sound thinner." >&2
  echo "      To mend it: put $font into $target/, or install Debian's $package." >&2
  exit 0
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || missing "no apt-get on this system"
work=$(mktemp -d) || missing "no room for a temporary folder"
trap 'rm -rf "$work"' EXIT
fetch() { (cd "$work" && apt-get download "$package" >/dev/null 2>&1); }
echo "fetching the SoundFont (19 MB, once) ..." >&2
if ! fetch; then
  [ "$(id -u)" = 0 ] && apt-get update >/dev/null 2>&1
  fetch || missing "apt-get download $package did not succeed"
fi
dpkg-deb -x "$work/$package"_*.deb "$work" || missing "the package did not unpack"
mkdir -p "$target"
found=$(find "$work" -name "$font" -type f | head -n 1)
[ -n "$found" ] || missing "$package holds no $font"
cp "$found" "$target/.$font.part" && mv "$target/.$font.part" "$target/$font"
