#!/bin/bash
# usage: condition.sh DIRECTORY N CORRUPTION SEVERITY > scores
#
# The scores of one condition of the robustness table, frame by frame: the N-th list of frames under
# that corruption, or "clean 0". The directory has detector.tar and, for each list, N/images and
# N/masks, the files' paths line by line. METHOD, DETECT, DEVICE, SEED and MAXVAL are those of hrl.mk.
#
# By itself, so that it can run on another machine that has irtools and no source tree.
set -euo pipefail

tmp=$1 # DETECT may name its detector.tar
shift
options=()
[ -z "${MAXVAL:-}" ] || options=(--maxval "$MAXVAL")

images() {
    if [ "$2" = clean ]; then
        xargs -d '\n' -a "$tmp/$1/images" cat
    else
        ir-corrupt -n "$2" -s "$3" -r "$SEED" -j 1 "${options[@]}" "@$tmp/$1/images"
    fi
}

detect() {
    if [ -n "${METHOD:-}" ]; then
        ir-detect -m "$METHOD" -j 1 "${options[@]}"
    elif [ -n "${DETECT:-}" ]; then
        eval "$DETECT"
    else
        ir-detect -c "$tmp/detector.tar" -d "$DEVICE" -j 1 "${options[@]}"
    fi
}

images "$@" | detect | ir-score --per-image --tsv - "@$tmp/$1/masks"
