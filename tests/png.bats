#!/usr/bin/env bats
# PNG in and out: every colour type and depth as luma, interlaced or not, what is left out of them,
# and that samples come back from what is written.

# shellcheck disable=SC2154

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# png NAME WIDTH HEIGHT DEPTH TYPE INTERLACE [CHUNK=HEX...] -- HEX: a PNG by hand, its rows filtered
# by nothing and given with their filter bytes.
png() {
    "$PYTHON" - "$@" <<'END'
import struct, sys, zlib
name, rest = sys.argv[1], sys.argv[2:]
end = rest.index("--")
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
out = b"\x89PNG\r\n\x1a\n"
w, h, depth, colour, interlace = map(int, rest[:5])
out += chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlace))
for extra in rest[5:end]:
    kind, data = extra.split("=")
    out += chunk(kind.encode(), bytes.fromhex(data))
out += chunk(b"IDAT", zlib.compress(bytes.fromhex("".join(rest[end + 1:])))) + chunk(b"IEND", b"")
open(name, "wb").write(out)
END
}

# shows NAME EXPECTED
shows() {
    [ "$(test-stream show 0 "$1.png")" = "$1 $2" ] || { test-stream show 0 "$1.png"; return 1; }
}

@test "grey of 1, 2, 4, 8 and 16 bits keeps its samples and its maxval" {
    png a.png 4 1 1 0 0 -- 00a0
    shows a '4 1 1 2 : 1 0 1 0'
    png a.png 4 1 2 0 0 -- 001b
    shows a '4 1 3 6 : 0 1 2 3'
    png a.png 2 1 4 0 0 -- 00f3
    shows a '2 1 15 18 : 15 3'
    png a.png 2 1 8 0 0 -- 00ff07
    shows a '2 1 255 262 : 255 7'
    png a.png 2 1 16 0 0 -- 00ffff0102
    shows a '2 1 65535 65793 : 65535 258'
}

@test "colour becomes luma, alpha and a transparent colour are ignored" {
    png a.png 2 1 8 2 0 -- 00ff0000c8c8c8
    shows a '2 1 255 276 : 76 200'
    png a.png 1 1 16 2 0 -- 0000000000ffff
    shows a '1 1 65535 7471 : 7471'
    png a.png 2 1 8 6 0 -- 00c8c8c80009090980
    shows a '2 1 255 209 : 200 9'
    png a.png 2 1 8 4 0 -- 00c8000980
    shows a '2 1 255 209 : 200 9'
    png a.png 2 1 16 4 0 -- 00c8000000000980ff
    shows a '2 1 65535 51209 : 51200 9'
    png a.png 2 1 8 0 0 tRNS=00c8 -- 00c809
    shows a '2 1 255 209 : 200 9'
}

@test "a palette's places are its colours, of any depth, transparent or not" {
    for depth in 1:0040 2:0010 4:0001 8:000001; do
        png a.png 2 1 "${depth%:*}" 3 0 PLTE=0a0a0aff0000 -- "${depth#*:}"
        shows a '2 1 255 86 : 10 76'
        png a.png 2 1 "${depth%:*}" 3 0 PLTE=0a0a0aff0000 tRNS=0080 -- "${depth#*:}"
        shows a '2 1 255 86 : 10 76'
    done
}

@test "sBIT says how many bits count" {
    png a.png 2 1 16 0 0 sBIT=0e -- 00ffff0008
    shows a '2 1 16383 16385 : 16383 2'
    png a.png 2 1 8 2 0 sBIT=050505 -- 00f8f8f8080808
    shows a '2 1 31 32 : 31 1'
    png a.png 1 1 8 2 0 sBIT=050605 -- 00080808 # no number for all
    shows a '1 1 255 8 : 8'
}

@test "interlaced PNG is as any other" {
    # shellcheck disable=SC2046
    pgm 13 9 255 $(seq 1 117) > a.pgm
    pnmtopng -quiet -interlace a.pgm > b.png
    pnmtopng -quiet a.pgm > c.png
    test-stream put - b.png c.png | cmp - <(test-stream put - a.pgm a.pgm)
    pgmtoppm rgb:ff/80/20 a.pgm | pnmtopng -quiet -interlace > b.png
    pgmtoppm rgb:ff/80/20 a.pgm | test-stream put - | cmp - <(test-stream put - b.png)
}

@test "of an animated PNG the still picture is read, which is said once" {
    mkdir d
    png d/a.png 2 1 8 0 0 acTL=0000000200000000 \
        fcTL=00000000000000020000000100000000000000000001000a0000 -- 00ff07
    cp d/a.png d/b.png
    run --separate-stderr test-stream show 0 d
    one_line_error 0 '^test-stream: d/a.png: an animated PNG, of which the still picture alone is read'
    [ "$output" = $'a 2 1 255 262 : 255 7\nb 2 1 255 262 : 255 7' ]
}

@test "what stands behind a PNG in a file is left out, unless it is an image" {
    png a.png 2 1 8 0 0 -- 00ff07
    { cat a.png; echo 'rubbish from a camera'; } > b.png
    run -0 --separate-stderr test-stream show 0 b.png
    [[ $output = 'b 2 1 255 262 : 255 7' && -z $stderr ]]
    cat a.png a.png > c.png
    [ "$(test-stream show 0 c.png | cut -d ' ' -f 1 | tr '\n' ' ')" = 'c c#2 ' ]
}

@test "broken PNG: one line that names the file" {
    png good.png 20 20 8 0 0 -- "$(printf '%0840d' 0)"
    size=$(stat -c %s good.png)
    for ((bytes = 1; bytes < size; bytes += 11)); do
        head -c $bytes good.png > cut.png
        run --separate-stderr test-stream show 0 cut.png
        one_line_error 1 '^test-stream: cut.png: '
        [ -z "$output" ]
    done
    sed 's/IDAT/IDAS/' good.png > bad.png
    run --separate-stderr test-stream show 0 bad.png
    one_line_error 1 '^test-stream: bad.png: this PNG cannot be read: '
    png bad.png 40000 10 8 0 0 -- 00
    run --separate-stderr test-stream show 0 bad.png
    one_line_error 1 '^test-stream: bad.png: 40000x10 is too large'
    png bad.png 20000 20000 8 0 0 -- 00
    run --separate-stderr test-stream show 0 bad.png
    one_line_error 1 '^test-stream: bad.png: 20000x20000 is too large'
    png bad.png 2 2 8 3 0 -- 000000000000 # no palette
    run --separate-stderr test-stream show 0 bad.png
    one_line_error 1 '^test-stream: bad.png: this PNG cannot be read: '
}

# ---- out -----------------------------------------------------------------------------------------

@test "samples of every depth come back from what is written" {
    for maxval in 1 3 7 15 31 127 255 511 1023 4095 16383 65535; do
        pgm 5 1 $maxval 0 1 $((maxval / 3)) $((maxval - 1)) $maxval > a.pgm
        ir-corrupt -n none --png -o out a.pgm
        [ "$(test-stream show 0 out/a.png)" = "$(test-stream show 0 a.pgm)" ]
        ir-corrupt -n none --png a.pgm | cmp - out/a.png
        # and Netpbm has the same maxval
        [ "$(pngtopnm out/a.png | pamdepth "$maxval" 2> /dev/null | pamtopnm | samples)" = \
            "$(samples < a.pgm)" ]
    done
    # other maxvals are scaled to all bits
    pgm 3 1 100 0 50 100 > a.pgm
    ir-corrupt -n none --png -o out a.pgm
    [ "$(test-stream show 0 out/a.png)" = 'a 3 1 255 383 : 0 128 255' ]
    pgm 3 1 10000 0 5000 10000 > a.pgm
    ir-corrupt -n none --png -o out a.pgm
    [ "$(test-stream show 0 out/a.png)" = 'a 3 1 65535 98303 : 0 32768 65535' ]
}

# frames N: dark frames with a bright block, in frames/.
frames() {
    mkdir -p frames
    for ((i = 1; i <= $1; i++)); do
        awk -v i="$i" 'BEGIN {
            print "P2 40 30 255"
            for (y = 0; y < 30; y++) for (x = 0; x < 40; x++)
                print(y >= 10 && y < 13 && x >= 20 && x < 22 + i ? 230 : 50 + (7 * x + y) % 11) }' \
            > frames/$i.pgm
    done
}

@test "--png: the same images as PGM, from every program that writes images" {
    frames 3
    ir-train init --net acm frames > acm.tar
    for program in 'ir-corrupt -n gaussian-noise -s 3' 'ir-detect -m top-hat' \
        'ir-detect -m top-hat --soft' 'ir-detect -m top-hat --soft --depth 16' \
        'ir-detect -c acm.tar' 'ir-detect -c acm.tar --soft --depth 16'; do
        rm -rf png pgm
        # shellcheck disable=SC2086
        { $program --png -o png frames && $program -o pgm frames; }
        [ "$(ls png)" = $'1.png\n2.png\n3.png' ]
        test-stream put - png | cmp - <(test-stream put - pgm)
        # shellcheck disable=SC2086
        $program --png frames | cmp - <(cat png/*)
    done
    [ "$(od -An -tu1 -j24 -N2 png/1.png)" = '  16   0' ] # bits, grey
    ir-score --overlay pictures --frames frames pgm pgm > /dev/null 2>&1
    ir-score --png --overlay png --frames frames pgm pgm > /dev/null 2>&1
    [ "$(ls pictures)" = $'1.ppm\n2.ppm\n3.ppm' ]
    for i in 1 2 3; do pngtopnm png/$i.png | cmp - pictures/$i.ppm; done
}

@test "--png where there is nothing to write so is refused" {
    run --separate-stderr ir-score --png a b
    usage_error '--png needs --overlay'
    run --separate-stderr ir-detect -m top-hat --png --targets a
    usage_error '--png is of images: it does not go with --targets'
}

@test "no PNG is written through a link, over an input, or half" {
    frames 2
    mkdir out
    ln -s ../precious out/1.png
    echo mine > precious
    ir-detect -m top-hat --png -o out frames
    [ "$(cat precious)" = mine ]
    [ ! -L out/1.png ]
    run --separate-stderr ir-detect -m top-hat --png -o out out
    one_line_error 1 '^ir-detect: out/1.png: an input that output to out would overwrite$'
    [ -z "$(find out -name '*.part')" ]
    if [ -w /dev/full ]; then
        run --separate-stderr bash -c 'ir-corrupt -n none --png frames > /dev/full'
        one_line_error 1 '^ir-corrupt: standard output: No space left on device$'
    fi
}

@test "-n none: images as they are read, from any format" {
    frames 2
    pnmtopng -quiet frames/2.pgm > frames/3.png
    ir-corrupt -n none -o out frames
    for i in 1 2; do test-stream put - frames/$i.pgm | cmp - out/$i.pgm; done
    cmp out/2.pgm out/3.pgm
    run --separate-stderr ir-corrupt -n none -s 1 frames
    usage_error '-n none has no severity'
}
