#!/usr/bin/env bats
# ir-detect --feature: the maps inside of a network, against PyTorch's and as pictures.

load helper

# A frame of 90 x 70 and a detector of every kind; what is looked for does not need training.
setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data NETS=$BATS_FILE_TMPDIR
    load helper
    scenes "$DATA" -n 2 -s 90x70 -r 3 > /dev/null
    for net in $(networks); do
        ir-train init --net "$net" --init published -r 2 --mean 0.4 --std 0.14 -w "$NETS/$net.tar"
    done
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# agrees NET [NAME...]: with what PyTorch has there, by default under all names.
agrees() {
    "$PYTHON" -c 'import torch' 2> /dev/null || skip "python3-torch is not installed"
    "$PYTHON" "$REPO/tests/parity/features.py" "${1%%-*}" "$NETS/$1.tar" "${@:2}"
}

# header: width and height of the picture on standard input.
header() {
    pamfile | sed 's/.*raw, \([0-9]*\) by \([0-9]*\) .*/\1 \2/'
}

feature() {
    ir-detect -c "$NETS/acm.tar" --feature "$@"
}

# ---- values --------------------------------------------------------------------------------------

@test "acm's features are PyTorch's" {
    agrees acm
}

@test "alcnet's" {
    agrees alcnet
}

@test "rdian's, with SFIM" {
    ir-train init --net rdian --sfim --init published -r 2 --mean 0.4 --std 0.14 -w "$NETS/rdian-sfim.tar"
    agrees rdian-sfim
}

@test "dnanet's" {
    agrees dnanet
}

@test "isnet's" {
    agrees isnet
}

@test "balistd's, around the SFIM of several levels" {
    agrees balistd conv0_4_final.0.sfim.{before,frequency,after} conv1_2.1.sfim.{before,frequency,after} \
        conv4_0.0.sfim.{before,frequency,after} x0_0 x0_4 fused
}

# ---- pictures ------------------------------------------------------------------------------------

@test "a feature has its own resolution, without the padding" {
    # padded to 96 x 96
    [[ $(feature stem "$DATA/images/scene00001.pgm" | header) == '23 18' ]]
    [[ $(feature layer3 "$DATA/images/scene00001.pgm" | header) == '6 5' ]]
    [[ $(ir-detect -c "$NETS/dnanet.tar" --feature x0_0 "$DATA/images/scene00001.pgm" | header) == \
        '90 70' ]]
}

@test "a feature goes from black to white" {
    for depth in 8 16; do
        feature layer1 --depth $depth "$DATA/images/scene00001.pgm" > picture
        [[ $(samples < picture | cut -d ' ' -f 1) == $(((1 << depth) - 1)) ]]
        [[ $(pamsumm -min -brief picture) == 0 && $(pamsumm -max -brief picture) == $(((1 << depth) - 1)) ]]
    done
    feature layer1 "$DATA/images/scene00001.pgm" | cmp - <(feature layer1 --depth 8 "$DATA/images/scene00001.pgm")
}

@test "a constant feature is black" {
    # one pixel, and weights that do not look at the image
    pgm 1 1 255 7 | feature layer3 | samples | grep -x '255 0'
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NETS/acm.tar" flat.tar '
for kind in "weight", "bias":
    n = f"param/stem.8.{kind}.npy"
    members[n] = npy(np.full_like(array(n), kind == "bias"))'
    ir-detect -c flat.tar --feature stem "$DATA/images/scene00001.pgm" > picture
    [[ $(samples < picture | tr ' ' '\n' | sort | uniq -c | xargs) == "414 0 1 255" ]] # and the maxval
}

@test "a bright target is where direction and features of rdian say it is" {
    ppmmake rgb:60/60/60 64 64 | ppmtopgm > flat.pgm
    pgm 1 1 255 255 | pnmpaste - 40 20 flat.pgm > frame.pgm
    ir-detect -c "$NETS/rdian.tar" --feature direction frame.pgm > picture
    # it exceeds its surroundings in all four directions; away from it, and from the border, nothing does
    [[ $(pamcut -left 40 -top 20 -width 1 -height 1 picture | samples) == "255 255" ]]
    [[ $(pamcut -left 4 -top 4 -width 30 -height 50 picture | samples | tr ' ' '\n' | sort -u | wc -l) == 2 ]]
}

@test "features go where masks go, under the same names" {
    feature layer1 "$DATA/images" > all
    feature layer1 - < <(cat "$DATA"/images/*.pgm) | cmp - all
    feature layer1 -j 1 -o out "$DATA/images"
    [[ $(ls out) == "$(ls "$DATA/images")" ]]
    cat out/*.pgm | cmp - all
}

@test "sizes may change within a stream" {
    pamcut -width 33 -height 17 "$DATA/images/scene00001.pgm" > small.pgm
    feature layer2 "$DATA/images/scene00001.pgm" small.pgm "$DATA/images/scene00002.pgm" > all
    for frame in "$DATA/images/scene00001.pgm" small.pgm "$DATA/images/scene00002.pgm"; do
        feature layer2 "$frame"
    done | cmp - all
}

@test "the manual page's pictures of SFIM" {
    cp "$NETS/balistd.tar" .
    cp "$DATA/images/scene00001.pgm" frame.pgm
    sed -n '/^for part in/,/> sfim.pgm$/p' "$REPO/man/ir-detect.1" | sed 's/\\e$/\\/' > example
    bash -euo pipefail example
    [[ $(header < sfim.pgm) == '270 70' ]]
    for part in frequency after; do
        run ! cmp before/frame.pgm $part/frame.pgm
    done
}

# ---- names and bad uses --------------------------------------------------------------------------

@test "--feature list prints every name once" {
    for net in $(networks); do
        ir-detect -c "$NETS/$net.tar" --feature list > names
        [[ $(wc -l < names) -ge 3 && -z $(sort names | uniq -d) ]]
        run ! grep -v '^[A-Za-z0-9_.]*$' names
    done
    grep -qx conv0_4_final.0.sfim.before names
    # and the manual page all but SFIM's
    sed -n '/^\.Ss Features/,/^\.Sh/p' "$REPO/man/ir-nets.7" > page
    for net in acm alcnet rdian dnanet isnet; do
        ir-detect -c "$NETS/$net.tar" --feature list | grep -v '^x0_[123]$' > names
        while read -r name; do
            grep -qw -- "$name" page || { echo "$net $name"; return 1; }
        done < names
    done
    run ! grep -q sfim <(feature list)
}

@test "an unknown name is an error that says how to list them" {
    run --separate-stderr feature layer9 -o out "$DATA/images"
    one_line_error 1 "^ir-detect: the network has no feature 'layer9' .*--feature list"
    [[ -z $output && ! -e out ]]
}

@test "weights that give no number are an error" {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NETS/acm.tar" bad.tar '
for n in "param/stem.5.weight.npy", "param/stem.8.weight.npy":
    members[n] = npy(np.full_like(array(n), 3e38))'
    run --separate-stderr ir-detect -c bad.tar --feature stem -o out "$DATA/images"
    one_line_error 1 '^ir-detect: scene00001: .*not a number'
    [[ -z $(ls out 2> /dev/null) ]]
}

@test "wrong command lines" {
    while read -r -a arguments; do
        run --separate-stderr ir-detect "${arguments[@]}"
        usage_error '^ir-detect: .*--feature' || { echo "${arguments[*]}"; return 1; }
        [[ -z $output ]]
    done <<'CASES'
-m top-hat --feature layer1 frame.pgm
-c net.tar --feature layer1 --soft frame.pgm
-c net.tar --targets --feature layer1 frame.pgm
-c net.tar --feature layer1 -t 0.5 frame.pgm
-c net.tar --feature list frame.pgm
-c net.tar --feature
CASES
}
