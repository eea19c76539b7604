#!/usr/bin/env bash
# Packs the package, installs it where nothing else of ours is, and uses
# it: the command, the library, its types, and the example project.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect STATUS TEXT command…: that exit status, and TEXT in the output.
expect() {
  local status=$1 text=$2 got=0
  shift 2
  "$@" >"$work/out" 2>&1 </dev/null || got=$?
  cat "$work/out"
  [ "$got" = "$status" ] || { echo "status $got, not $status: $*"; exit 1; }
  grep -qF -- "$text" "$work/out" || { echo "nothing says: $text"; exit 1; }
}

cd "$root"
npm pack --silent --pack-destination "$work"
cp -r test/example-project "$work/stranger"
cd "$work/stranger"
npm install --silent --no-audit --no-fund --prefer-offline ../lguest-*.tgz

echo "== the command"
expect 0 "powered off" npx --no-install lguest
expect 2 "--memory" npx --no-install lguest run --memory 0

echo "== the types, with nothing skipped"
node "$root/node_modules/typescript/bin/tsc" -p . --skipLibCheck false

echo "== the example project"
expect 0 "1 + … + 100 = 5050" npm start --silent
expect 0 "the Guest was told: elsewhere" npm start --silent

echo "== what README.md shows of the library"
fences() {
  sed -n '/^```js$/,$p' "$root/README.md" |
    sed -n '/^```'"$1"'$/,/^```$/p' | sed '/^```/d'
}
fences js >sum.mjs
fences text >expected
node sum.mjs | tee printed
diff expected printed
grep -q 5050 printed

echo "== a mistake is found by the types"
echo 'import { u32 } from "lguest"; u32("one");' >wrong.ts
expect 2 "TS2345" node "$root/node_modules/typescript/bin/tsc" -p .
rm wrong.ts

echo "== stack traces lead to the chapters that are in the package"
cat >build/throw.js <<'JS'
const { bootDefault } = require("lguest");
try { bootDefault({ memory: 1 << 20 }); } catch (e) { console.log(e.stack); }
JS
expect 0 "chapters/" node --enable-source-maps build/throw.js
