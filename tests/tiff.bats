#!/usr/bin/env bats
# TIFF: pages, depths, orders of bytes, tiles, planes, orientations, and what is refused by name.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# tiff NAME ORDER PAGE...: a TIFF by hand, uncompressed. ORDER: < or >. PAGE: "WIDTH HEIGHT BITS SAMPLE
# ..., [TAG=VALUE ...]", the samples decimal, one row after the other, tags as further entries or in
# place of those that are written anyway. BITS f: floating point.
tiff() {
    "$PYTHON" - "$@" <<'END'
import struct, sys
name, order, pages = sys.argv[1], sys.argv[2], sys.argv[3:]
out = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
for n, page in enumerate(pages):
    words, _, more = page.partition(",")
    w, h, bits, *samples = words.split()
    tags = dict(map(int, t.split("=")) for t in more.split())
    spp = tags.get(277, 1)
    kind = {"8": "B", "16": "H", "32": "I", "f": "f"}.get(bits)
    if kind:
        data = struct.pack(order + str(len(samples)) + kind, *[type(1.5 if kind == "f" else 1)(s) for s in samples])
    else:  # bits that are packed, rows on whole bytes
        data, per = b"", int(w) * spp
        for y in range(0, len(samples), per):
            row = "".join(format(int(s), "0%sb" % bits) for s in samples[y:y + per])
            row += "0" * (-len(row) % 8)
            data += int(row, 2).to_bytes(len(row) // 8, "big")
    table = {256: int(w), 257: int(h), 258: 32 if bits == "f" else int(bits), 259: 1, 262: 1,
             277: 1, 278: int(h), 279: len(data)}
    if bits == "f":
        table[339] = 3
    table.update(tags)
    where = 324 if 322 in table else 273
    if 322 in table:
        table[325] = table.pop(279)
        table.pop(278)
    start, size = len(out), 2 + 12 * (len(table) + 1) + 4
    table[where] = start + size
    end = start + size + len(data) + len(data) % 2
    ifd = struct.pack(order + "H", len(table))
    for tag in sorted(table):
        v, count = table[tag], 1
        if tag == 258 and spp > 1:  # the same for each sample: they fit into the entry twice
            count = 2 if spp == 2 else 1
        ifd += struct.pack(order + "HHI", tag, 4 if tag in (273, 279, 324, 325) else 3, count)
        ifd += struct.pack(order + "I", v) if tag in (273, 279, 324, 325) else struct.pack(order + "HH", v, v if count == 2 else 0)
    ifd += struct.pack(order + "I", end if n + 1 < len(pages) else 0)
    out += ifd + data + b"\0" * (len(data) % 2)
open(name, "wb").write(out)
END
}

# shows NAME EXPECTED
shows() {
    [ "$(test-stream show 0 "$1")" = "$2" ] || { test-stream show 0 "$1"; return 1; }
}

# refused NAME PATTERN
refused() {
    run --separate-stderr test-stream show 0 "$1"
    one_line_error 1 "^test-stream: $1$2"
}

@test "grey of 1 to 16 bits, in either order of bytes, keeps its samples" {
    tiff a.tif '<' '3 2 16 1 2 300 40000 65535 9'
    shows a.tif 'a 3 2 65535 105847 : 1 2 300 40000 65535 9'
    tiff a.tif '>' '3 2 16 1 2 300 40000 65535 9'
    shows a.tif 'a 3 2 65535 105847 : 1 2 300 40000 65535 9'
    tiff a.tif '<' '3 2 8 1 2 3 4 255 9'
    shows a.tif 'a 3 2 255 274 : 1 2 3 4 255 9'
    tiff a.tif '<' '3 2 1 1 0 1 0 1 1'
    shows a.tif 'a 3 2 1 4 : 1 0 1 0 1 1'
    tiff a.tif '<' '3 2 4 1 2 3 15 0 9'
    shows a.tif 'a 3 2 15 30 : 1 2 3 15 0 9'
    tiff a.tif '<' '3 2 12 1 2 3000 4095 0 9' # as some cameras pack them
    shows a.tif 'a 3 2 4095 7107 : 1 2 3000 4095 0 9'
    tiff a.tif '<' '2 1 8 0 200, 262=0' # 0 is white
    shows a.tif 'a 2 1 255 310 : 255 55'
}

@test "each page is a frame with a name of its own, in records and in directories" {
    tiff film.tif '<' '3 2 8 1 2 3 4 5 255' '3 2 16 1 2 3 4 5 65535' '2 1 8 7 8'
    shows film.tif $'film 3 2 255 270 : 1 2 3 4 5 255\nfilm#2 3 2 65535 65550 : 1 2 3 4 5 65535\nfilm#3 2 1 255 15 : 7 8'
    ir-corrupt -n none -o out film.tif
    [ "$(ls out)" = $'film#2.pgm\nfilm#3.pgm\nfilm.pgm' ]
    ir-corrupt -n none --png -o png film.tif
    test-stream put - film.tif | cmp - <(test-stream put - png/film.png 'png/film#2.png' 'png/film#3.png')
    ir-policy init > policy.tar
    [ "$(ir-policy sample -c policy.tar film.tif | grep -v '^#' | cut -f 1 | tr '\n' ' ')" = \
        'film film#2 film#3 ' ]
    # thumbnails are not
    tiff thumb.tif '<' '3 2 8 1 2 3 4 5 255' '2 1 8 7 8, 254=1' '2 1 8 9 9'
    shows thumb.tif $'thumb 3 2 255 270 : 1 2 3 4 5 255\nthumb#2 2 1 255 18 : 9 9'
}

@test "colour, alpha, planes, a palette, tiles, compression: luma of each pixel" {
    tiff a.tif '<' '2 1 8 255 0 0 200 200 200, 262=2 277=3'
    shows a.tif 'a 2 1 255 276 : 76 200'
    tiff a.tif '<' '1 1 16 0 0 65535, 262=2 277=3'
    shows a.tif 'a 1 1 65535 7471 : 7471'
    tiff a.tif '<' '2 1 8 200 0 9 128, 277=2 338=2'
    shows a.tif 'a 2 1 255 209 : 200 9'
    # tiles of 16 x 16, of which 3 x 2 pixels are the image's
    # shellcheck disable=SC2046
    tiff a.tif '<' "3 2 8 $(seq -s ' ' 0 255), 322=16 323=16"
    shows a.tif 'a 3 2 255 54 : 0 1 2 16 17 18'
    # shellcheck disable=SC2046
    pgm 50 40 255 $(seq 2000 | awk '{ print $1 % 251 }') > ramp.pgm
    pgmtoppm rgb:ff/80/20 ramp.pgm > ramp.ppm
    for options in -lzw -packbits -flate '-lzw -predictor=2' '-rowsperstrip=7'; do
        # shellcheck disable=SC2086
        pamtotiff -quiet $options ramp.pgm > a.tif
        test-stream put - a.tif | cmp - <(test-stream put - ramp.pgm)
        # shellcheck disable=SC2086
        pamtotiff -quiet -truecolor $options ramp.ppm > a.tif
        test-stream put - a.tif | cmp - <(test-stream put - ramp.ppm)
    done
    pamtotiff -quiet -indexbits=8 ramp.ppm > a.tif
    test-stream put - a.tif | cmp - <(test-stream put - ramp.ppm)
}

@test "a page is turned as its orientation says" {
    for o in '1 a_3_2 1_2_3_4_5_6' '2 a_3_2 3_2_1_6_5_4' '3 a_3_2 6_5_4_3_2_1' '4 a_3_2 4_5_6_1_2_3' \
        '5 a_2_3 1_4_2_5_3_6' '6 a_2_3 4_1_5_2_6_3' '7 a_2_3 6_3_5_2_4_1' '8 a_2_3 3_6_2_5_1_4'; do
        read -r number size samples <<< "$o"
        tiff a.tif '<' "3 2 8 1 2 3 4 5 6, 274=$number"
        shows a.tif "${size//_/ } 255 21 : ${samples//_/ }"
    done
}

@test "samples that no image has are refused by name" {
    tiff f.tif '<' '2 1 f 0.5 1.5'
    refused f.tif ': a TIFF of floating-point samples, which is not read \(8 or 16 bits a sample, '
    tiff f.tif '<' '2 1 32 1 2'
    refused f.tif ': a TIFF of 32 bits a sample, which is not read'
    tiff f.tif '<' '2 1 16 1 2, 339=2'
    refused f.tif ': a TIFF of signed samples, which is not read'
    # in every program, and where it is a later page
    tiff g.tif '<' '2 1 8 1 2' '2 1 f 0.5 1.5'
    refused g.tif '#2: a TIFF of floating-point samples'
    for program in 'ir-corrupt -n jpeg -s 1' 'ir-detect -m top-hat' 'ir-train init --net acm'; do
        # shellcheck disable=SC2086
        run --separate-stderr $program f.tif
        one_line_error 1 "^${program%% *}: f.tif: a TIFF of signed samples"
    done
}

@test "broken TIFF: one line that names the file and the page" {
    tiff good.tif '<' '3 2 8 1 2 3 4 5 255' '3 2 8 1 2 3 4 5 255'
    size=$(stat -c %s good.tif)
    for ((bytes = 4; bytes < size; bytes += 37)); do
        head -c $bytes good.tif > cut.tif
        run --separate-stderr test-stream show 0 cut.tif
        one_line_error 1 '^test-stream: cut.tif(#2)?: this TIFF cannot be read: '
    done
    tiff bad.tif '<' '40000 1 8 1 2'
    refused bad.tif ': 40000x1 is too large'
    tiff bad.tif '<' '3 2 8 1 2 3 4 5 6, 259=50000'
    refused bad.tif ': this TIFF cannot be read: '
    tiff bad.tif '<' '3 2 8 1 2 3 4 5 6, 259=12345'
    refused bad.tif ': this TIFF cannot be read: '
    tiff bad.tif '<' '3 2 8 1 2 3 4 5 6, 277=60000'
    run --separate-stderr test-stream show 0 bad.tif
    one_line_error 1 '^test-stream: bad.tif: '
    # a loop of pages
    tiff loop.tif '<' '3 2 8 1 2 3 4 5 255'
    "$PYTHON" - <<'END'
data = bytearray(open("loop.tif", "rb").read())
count = data[8]
data[10 + 12 * count:14 + 12 * count] = bytes([8, 0, 0, 0])
open("loop.tif", "wb").write(data)
END
    run --separate-stderr timeout 20 test-stream show 0 loop.tif
    [ "$status" -le 1 ]
}
