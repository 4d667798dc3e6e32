# shellcheck shell=bash
# What the parts of make bench share: the programs, the peers' Python, the frames, medians, rows.
#
#   IR_BIN          where the programs are (build/bin)
#   IR_BENCH_VENV   the peers' virtual environment (bench-venv beside IR_BIN), made on demand
#   IR_BENCH_PYTHON another Python with the peers; then nothing is installed
#   SIRST           the directory of the real frames; generated scenes without it
#   FRAMES          at most so many frames
#   TURNS           how often ours and theirs take turns (3)
#
# A row: work, ours, theirs, unit, the peer and its mode, share of the roofline in percent, ratio
# (theirs / ours), the ratio wanted, whether it is reached; "-" is what there is none of.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${IR_BIN:-$root/build/bin}
[ -x "$bin/ir-train" ] || { echo "tests/bench: $bin holds no programs: IR_BIN, or make" >&2; exit 1; }
bin=$(cd "$bin" && pwd)
turns=${TURNS:-3}
export PATH=$bin:$PATH LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ---- peers ----------------------------------------------------------------------------------------

# Versions of which the others' packages still work together with Debian 12's PyTorch.
PACKAGES=(pyirstdmetrics==1.0.2 'numpy<2' 'scipy<1.11' 'scikit-image<0.22' pillow
    'opencv-python-headless<4.11')

# peer_python: sets $peer, a Python that has as many of the peers as can be had.
peer_python() {
    local venv=${IR_BENCH_VENV:-$(dirname "$bin")/bench-venv}

    peer=/usr/bin/python3
    if [ -n "${IR_BENCH_PYTHON:-}" ]; then
        peer=$IR_BENCH_PYTHON
    elif [ -e "$venv/whole" ] || install_peers "$venv"; then
        peer=$venv/bin/python
    fi
}

# install_peers VENV
install_peers() {
    local pip=("$1/bin/pip" install -q --retries 0 --timeout 10)

    echo "# installing the peers into $1"
    if { /usr/bin/python3 -m venv --system-site-packages "$1" && "${pip[@]}" "${PACKAGES[@]}" &&
        "${pip[@]}" --no-deps imagecorruptions==1.1.2; } > "$work/venv.log" 2>&1; then
        touch "$1/whole"
    else
        echo "# they cannot be installed: $(tail -n 1 "$work/venv.log")"
        return 1
    fi
}

# need PACKAGE MODULE WORK...: whether the peer has it; if not, says what is skipped.
need() {
    "$peer" -W ignore -c "import $2" 2> /dev/null && return
    echo "# skipped for want of $1: ${*:3}"
    return 1
}

# version PACKAGE: "PACKAGE VERSION"
version() {
    "$peer" -c 'import sys, importlib.metadata as m; print(sys.argv[1], m.version(sys.argv[1]))' "$1" \
        2> /dev/null || echo "$1"
}

# ---- frames ---------------------------------------------------------------------------------------

# frames: fills $work/frames and $work/masks with grey PGM of the same names, says where from.
frames() {
    local file

    [ ! -d "$work/frames" ] || return 0
    mkdir "$work/frames"
    if [ -n "${SIRST:-}" ]; then
        make -s -f "$root/hrl.mk" data DATA="$SIRST" CACHE="$work/cache" RESIZE_MASKS=nearest
        for file in "$work"/cache/images/*.pgm; do
            ppmtopgm -quiet "$file" > "$work/frames/${file##*/}"
        done
        mv "$work/cache/masks-nearest" "$work/masks"
    else
        ir-scenes -n "${FRAMES:-427}" -s 256x256 -r 1 -o "$work/scenes"
        mv "$work"/scenes/images/* "$work/frames"
        mv "$work/scenes/masks" "$work/masks"
    fi
    if [ -n "${FRAMES:-}" ]; then
        (cd "$work/frames" && printf '%s\0' * | tail -z -n +"$((FRAMES + 1))" | xargs -0 -r rm)
    fi
    pixels=$(pamfile -machine "$work"/frames/* | awk '{ n += $4 * $5 } END { print n / NR }')
    echo "# frames: $(find "$work/frames" -type f | wc -l) $(frames_are), $pixels pixels each in the mean"
}

frames_are() {
    if [ -n "${SIRST:-}" ]; then echo "real frames ($(basename "$SIRST"))"; else
        echo "generated scenes (SIRST names no directory)"; fi
}

# ---- figures --------------------------------------------------------------------------------------

# median FILE COLUMN
median() {
    awk -v c="$2" '{ print $c }' "$1" | sort -g | awk '{ t[NR] = $1 } END {
        h = int((NR + 1) / 2); printf "%.6g\n", NR % 2 ? t[h] : (t[h] + t[h + 1]) / 2 }'
}

# largest FILE COLUMN
largest() {
    awk -v c="$2" '$c > m { m = $c } END { print m + 0 }' "$1"
}

# calc EXPRESSION: its value, by awk.
calc() {
    awk "BEGIN { printf \"%.6g\\n\", $1 }"
}

# in_turn OURS THEIRS: calls both functions, TURNS times; what they print is in $work/ours, theirs.
in_turn() {
    local i

    : > "$work/ours"
    : > "$work/theirs"
    for ((i = 0; i < turns; i++)); do
        "$1" >> "$work/ours"
        "$2" >> "$work/theirs"
    done
}

header() {
    printf 'work\tours\tpeer\tunit\tby\troofline_%%\tratio\twanted\treached\n'
}

# row WORK OURS THEIRS UNIT PEER [WANTED [ROOFLINE]]
row() {
    awk -v OFS='\t' -v work="$1" -v a="$2" -v b="$3" -v unit="$4" -v by="$5" -v wanted="${6:--}" \
        -v roof="${7:--}" 'BEGIN {
            reached = wanted == "-" ? "-" : b / a >= wanted ? "yes" : "no"
            if (roof != "-") roof = sprintf("%.3g", roof)
            print work, sprintf("%.4g", a), sprintf("%.4g", b), unit, by, roof,
                  sprintf("%.2f", b / a), wanted, reached }'
}

# roofline THREADS: what so many processors can do at most: $gflops, $gbytes a second
roofline() {
    read -r gflops gbytes <<< "$(/usr/bin/python3 "$here/roofline.py" "$1")"
    export gflops gbytes
}
