#!/usr/bin/env bash
# Make a release of the version in src/himpc/_version.py: check, build into dist/, and tag. Nothing is uploaded.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/himpc/_version.py)
fail() { echo "$1" >&2; exit 1; }
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "src/himpc/_version.py: is '$version', expected a release such as 0.2.0"
[ -z "$(git status --porcelain)" ] || fail "commit or remove your uncommitted files first"
git rev-parse -q --verify "refs/tags/v$version" >/dev/null && fail "the tag v$version exists: raise the version"
.ci/run # tests (tests/test_packaging.py compares versions), style, types, and the packages in an empty environment
rm -rf dist
make dist
git tag -a "v$version" -m "himpc $version"
echo "built dist/ and tagged v$version; to publish: git push origin v$version, then upload dist/ to the package index"
