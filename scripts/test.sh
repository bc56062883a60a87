#!/usr/bin/env bash
# Run the three test layers one after the other, all of them whatever happens, and sum up.
# The layers that need the network (hub) or a GPU (gpu) are left out; see the README.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

LAYERS=(
    "not slow and not browser"
    "slow and not browser"
    "browser"
)
failed=0
lines=()
for layer in "${LAYERS[@]}"; do
    printf '\n== %s\n' "$layer"
    begun=$SECONDS
    .venv/bin/python -m pytest -m "($layer) and not hub and not gpu" "$@" </dev/null
    code=$?
    [ $code -eq 0 ] || failed=1
    lines+=("$(printf '%5d s  exit %d  %s' $((SECONDS - begun)) $code "$layer")")
done
printf '\n== %d s in all\n' "$SECONDS"
printf 'left out: hub (needs the network), gpu (needs an accelerator); pytest -m hub, pytest -m gpu\n'
printf '%s\n' "${lines[@]}"
exit $failed
