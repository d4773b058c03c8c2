#!/usr/bin/env bash
# The device as WASM, for patients and for doctors: src/device/wasm/{patient,doctor}.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
rustup target list --installed | grep -q wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
cargo build --quiet --locked --package aftercare-browser --example bindgen
for who in patient doctor; do
  features=$([ $who = doctor ] && echo --features doctor || true)
  cargo build --quiet --locked --package aftercare-browser --profile wasm --target wasm32-unknown-unknown $features
  wasm=$target/wasm32-unknown-unknown/wasm/aftercare_browser.wasm
  out=web/src/device/wasm/$who
  # What was made of the same file stands.
  sum=$(sha256sum < "$wasm")
  [ "$(cat $out/.of 2>/dev/null)" = "$sum" ] && continue
  "$target/debug/examples/bindgen" "$wasm" $out
  node web/node_modules/binaryen/bin/wasm-opt -Oz --strip-debug --strip-producers $out/aftercare_browser_bg.wasm -o $out/aftercare_browser_bg.wasm
  echo "$sum" > $out/.of
done
