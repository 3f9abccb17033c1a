#!/usr/bin/env bash
# Pack a built binary for a release: packaging/archive.sh BINARY TARGET FOLDER
#
# The binary must run here: it writes its own completions and pages. The archive and its line for a list of checksums go
# into FOLDER.
set -euo pipefail
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
target=$2
mkdir -p "$3"
folder=$(cd "$3" && pwd)
cd "$(dirname "$0")/.."

version=$("$binary" --version | cut -d ' ' -f 2)
name=iamlint-$version-$target
stage=$folder/$name
rm -rf "$stage"
mkdir -p "$stage/completions" "$stage/man"

cp "$binary" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$stage"
"$binary" completions bash >"$stage/completions/iamlint.bash"
"$binary" completions zsh >"$stage/completions/_iamlint"
"$binary" completions fish >"$stage/completions/iamlint.fish"
"$binary" completions powershell >"$stage/completions/_iamlint.ps1"
"$binary" completions elvish >"$stage/completions/iamlint.elv"
"$binary" schema >"$stage/iamlint.schema.json"
"$binary" man --folder "$stage/man"

cd "$folder"
tar -czf "$name.tar.gz" "$name"
rm -rf "$name"
if command -v sha256sum >/dev/null; then sha256sum "$name.tar.gz"; else shasum -a 256 "$name.tar.gz"; fi >"$name.tar.gz.sha256"
cat "$name.tar.gz.sha256"
