# What every bats file loads ("load helper"): the programs under test first in PATH, tiny images,
# and the check that a failure is one line.
#
#   IR_BIN      where the programs are; build/bin of this repository unless set
#   IR_PYTHON   a Python with NumPy and PyTorch; unless set Debian's, to which its python3-torch belongs

# shellcheck shell=bash disable=SC2154 # bats' run sets status, output and stderr

bats_require_minimum_version 1.5.0

REPO=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
IR_BIN=${IR_BIN:-$REPO/build/bin}
PATH=$IR_BIN:$PATH
PYTHON=${IR_PYTHON:-/usr/bin/python3}
export PATH PYTHON

# Several programs share the processors here: one that waits should not spin.
export OMP_WAIT_POLICY=passive

# Single precision on every machine: what a test expects is compared to many digits.
export IRTOOLS_PRECISION=fp32

# The tests may run under make, but the makes that they start are nobody's children.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES

# Messages are compared by their English text.
export LC_ALL=C

# pgm WIDTH HEIGHT MAXVAL SAMPLE...: a plain PGM on standard output.
pgm() {
    printf 'P2\n%d %d\n%d\n' "$1" "$2" "$3"
    shift 3
    printf '%d\n' "$@"
}

# large_png SIDE: the beginning of a PNG of so many pixels a side, whose rest would be zeros.
large_png() {
    "$PYTHON" - "$1" <<- 'PYTHON'
		import struct, sys, zlib
		side = int(sys.argv[1])
		def chunk(kind, data):
		    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
		row = zlib.compress(bytes(1 << 20), 9)
		sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR",
		    struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) + chunk(b"IDAT", row) + chunk(b"IEND", b""))
	PYTHON
}

# samples: the maxval and the samples of the PGM on standard input, on one line.
samples() {
    pnmtoplainpnm | awk 'NR > 2 { for (i = 1; i <= NF; i++) printf "%s%s", n++ ? " " : "", $i }'
}

# networks: the names of all, one a line.
networks() { ir-train init --net list; }

# one_line_error STATUS PATTERN, after "run --separate-stderr": the command ended with STATUS and
# said exactly one line on stderr, which matches the extended regular expression PATTERN.
one_line_error() {
    if [[ $status -ne $1 ]]; then
        echo "status $status, expected $1; stderr: $stderr"
        return 1
    fi
    if [[ -z $stderr || $stderr == *$'\n'* ]]; then
        echo "expected one line on stderr: $stderr"
        return 1
    fi
    if [[ ! $stderr =~ $2 ]]; then
        echo "stderr does not match '$2': $stderr"
        return 1
    fi
}

# usage_error PATTERN, after "run --separate-stderr": exit 2, a line that matches PATTERN and the
# line that says how to get help.
usage_error() {
    if [[ $status -ne 2 ]]; then
        echo "status $status, expected 2; stderr: $stderr"
        return 1
    fi
    if [[ ! ${stderr%%$'\n'*} =~ $1 || ${stderr#*$'\n'} != "Try '"*" -h'." ]]; then
        echo "not a usage error that matches '$1': $stderr"
        return 1
    fi
}

# scenes DIR [ARGUMENT...]: generated frames, masks and lists in DIR, by one call of ir-scenes.
scenes() {
    local directory=$1
    shift
    ir-scenes "$@" -o "$directory"
}

# humbly PROGRAM ARGUMENT...: runs it without root's right to read and write whatever it likes. (A
# copy of the program, which may lie where only that right leads to.)
humbly() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
        return
    fi
    mkdir -p "$BATS_TEST_TMPDIR/humble"
    cp -f "$(command -v "$1")" "$BATS_TEST_TMPDIR/humble"
    setpriv '--bounding-set=-dac_override,-dac_read_search' \
        "$BATS_TEST_TMPDIR/humble/${1##*/}" "${@:2}"
}

# need_humble: skips the test if root cannot give that right away here.
need_humble() {
    humbly env true || skip "root's right to read everything cannot be given away here"
}
