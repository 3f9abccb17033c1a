#!/usr/bin/env bash
# Install the programs that run us or read our output, for the tests: .ci/tools.sh [FOLDER]
#
# The folder (default: target/ci-tools) gets a Python environment in `venv` and packages of npm in `node_modules`; name
# it in IAMLINT_TOOLS. What cannot be installed is said, and its tests skip: this script does not fail.
set -uo pipefail
cd "$(dirname "$0")/.."
folder=${1:-target/ci-tools}
mkdir -p "$folder"

# The packages of the system, where they lack and where this is a system that has them.
missing=()
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v xmllint >/dev/null || missing+=(libxml2-utils)
command -v git >/dev/null || missing+=(git)
command -v nvim >/dev/null || missing+=(neovim)
command -v emacs >/dev/null || missing+=(emacs-nox)
command -v zsh >/dev/null || missing+=(zsh)
command -v fish >/dev/null || missing+=(fish)
command -v man >/dev/null || missing+=(man-db)
command -v strace >/dev/null || missing+=(strace)
if [ ${#missing[@]} -gt 0 ] && command -v apt-get >/dev/null; then
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi >/dev/null 2>&1; }
  install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
  as_root apt-get update -qq
  # One that is unknown here must not cost the others.
  install "${missing[@]}" || for package in "${missing[@]}"; do
    install "$package" || echo "tools: could not install $package"
  done
fi

python_packages=(
  check-jsonschema==0.39.0 # JSON formats against their schemas
  cmarkgfm==2025.10.22     # Markdown as GitHub renders it
  junitparser==5.0.3       # JUnit
  maturin==1.16.0          # wheels
  ocsf-json-schema==1.2.0  # the schemas of OCSF
  pre-commit==4.7.0        # hooks
  prek==0.5.11             # hooks too
  sarif-tools==3.0.5       # SARIF
  zizmor==1.32.0           # GitHub actions and workflows, for what is unsafe in them
)
npm_packages=(
  @microsoft/sarif-multitool-linux@5.7.0 # the schema of SARIF, and the validator that knows GitHub's rules
  @rushstack/problem-matcher@0.2.1       # problem matchers as editors run them
)

# A stamp with the versions: the same ones are not installed twice. The scripts of a Python environment name its place.
stamp() { [ "$(cat "$folder/$1.stamp" 2>/dev/null)" = "${*:2}" ]; }

if ! stamp python "$PWD" "${python_packages[@]}"; then
  if python3 -m venv --clear "$folder/venv" &&
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${python_packages[@]}"; then
    echo "$PWD ${python_packages[*]}" >"$folder/python.stamp"
  else
    echo "tools: could not install ${python_packages[*]}"
  fi
fi

if ! stamp npm "${npm_packages[@]}"; then
  if npm install --silent --no-audit --no-fund --prefix "$folder" "${npm_packages[@]}"; then
    chmod -f +x "$folder/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    echo "${npm_packages[*]}" >"$folder/npm.stamp"
  else
    echo "tools: could not install ${npm_packages[*]}"
  fi
fi
exit 0
