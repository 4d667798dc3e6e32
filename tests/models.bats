#!/usr/bin/env bats
# The models that come with irtools: how one is made of a checkpoint, found by name, checked.

load helper

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || return
    scenes data -n 4 -s 64x64 -r 1
    ir-train init --net acm data/images > start.tar
    ir-train -q -c start.tar --crop 32 --batch 4 --epochs 2 --ema 0.9 -w trained.tar data/images data/masks
    printf '%s\n' 'name acm' 'trained_on scenes, four' 'scores scenes 12.3 / 4.5' 'licence none' \
        'made_by a test' > about
    mkdir box
    ir-train export -c trained.tar --half --describe about -w box/acm.tar
    ir-train init --net rdian -r 1 --mean 0.4 --std 0.1 | ir-train export -c - -w box/rdian.tar
    echo acm > box/default
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$BATS_FILE_TMPDIR"/{data,start.tar,trained.tar,about} .
    cp -R "$BATS_FILE_TMPDIR/box" .
    export IRTOOLS_MODELS=$PWD/box
}

meta() {
    tar xOf "$1" meta
}

# maps ARGUMENT...: a checksum of what is detected
maps() {
    ir-detect "$@" --soft --depth 16 data/images | cksum
}

# refused PATTERN: the default model is refused with one line.
refused() {
    run --separate-stderr ir-detect data/images
    [ -z "$output" ] && one_line_error 1 "^ir-detect: $1"
}

# ---- ir-train export ----

@test "export keeps what detection uses, and detects the same" {
    ir-train export -c trained.tar > single.tar
    tar tf trained.tar | grep -qE '^(adam|ema|measured)/'
    diff <(tar tf single.tar) <(tar tf start.tar)
    [ "$(maps -c single.tar)" = "$(maps -c trained.tar)" ]
    [ "$(maps -c single.tar)" != "$(maps -c start.tar)" ]
    diff <(meta trained.tar | grep -vE '^(adam|optimizer|ema)') <(meta single.tar | grep -v '^sha256 ')
}

@test "export --half writes weights in half precision and statistics in single" {
    ir-train export -c trained.tar --half -w half.tar
    ir-train export -c trained.tar -w single.tar
    "$PYTHON" - <<'PYTHON'
import io, tarfile
import numpy as np
def arrays(path):
    with tarfile.open(path) as tar:
        return {m.name: np.load(io.BytesIO(tar.extractfile(m).read())) for m in tar if m.name != "meta"}
half, single = arrays("half.tar"), arrays("single.tar")
assert half.keys() == single.keys()
for name, array in half.items():
    assert array.dtype == ("<f2" if name.startswith("param/") else "<f4"), name
    assert (array == single[name].astype(array.dtype)).all(), name
PYTHON
    ir-detect -c single.tar --soft data/images > single
    ir-detect -c half.tar --soft data/images > half
    pamarith -difference single half | pamsumm -max -brief > difference
    [ "$(< difference)" -le 2 ]
    # half once is half for good
    ir-train export -c half.tar --half -w again.tar
    cmp half.tar again.tar
}

@test "the checksum is the one that the manual computes, whatever order the archive is in" {
    sed -n '/sha256sum/p' "$REPO/man/ir-checkpoint.5" > line
    grep -q 'tar xOf' line
    sed 's/^\.Dl //' line > printed
    cp box/acm.tar detector.tar
    [ "$(meta box/acm.tar | sed -n 's/^sha256 //p')  -" = "$(bash printed)" ]
    mkdir x
    tar xf box/acm.tar -C x
    (cd x && tar cf ../box/acm.tar state/* param/* meta)
    [ "$(maps)" = "$(maps -c detector.tar)" ]
}

@test "a description goes into the meta, over an older one, and nothing else does" {
    diff about <(meta box/acm.tar | tail -n 6 | head -n 5)
    printf 'scores better\nlicence MIT' > other
    ir-train export -c box/acm.tar --describe other -w new.tar
    diff <(sed 's/^scores.*/scores better/; s/^licence.*/licence MIT/' about) \
        <(meta new.tar | tail -n 6 | head -n 5)
    for bad in 'net rdian' 'sha256 0' 'mean 0.5'; do
        echo "$bad" > other
        run --separate-stderr ir-train export -c trained.tar --describe other -w none.tar
        one_line_error 1 "^ir-train: other: ${bad% *} is none of name, trained_on, scores, licence, made_by$"
    done
    printf 'name a\nlonely\n' > other
    run --separate-stderr ir-train export -c trained.tar --describe other -w none.tar
    one_line_error 1 "^ir-train: other: line 2 is not 'key value'$"
    printf 'name a\nname b\n' > other
    run --separate-stderr ir-train export -c trained.tar --describe other -w none.tar
    one_line_error 1 '^ir-train: other: name is there twice$'
    printf 'name a\0b\n' > other
    run --separate-stderr ir-train export -c trained.tar --describe other -w none.tar
    one_line_error 1 '^ir-train: other: not text$'
    head -c 100000 /dev/zero | tr '\0' x > other
    run --separate-stderr ir-train export -c trained.tar --describe other -w none.tar
    one_line_error 1 '^ir-train: other: too large$'
    run --separate-stderr ir-train export -c trained.tar --describe missing -w none.tar
    one_line_error 1 '^ir-train: missing: No such file'
    [ ! -e none.tar ]
}

@test "export of a weight beyond half precision, and wrong command lines" {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" trained.tar large.tar '
n = "ema/stem.0.weight.npy"
members[n] = npy(array(n) * np.float32(1e9))'
    run --separate-stderr ir-train export -c large.tar --half -w none.tar
    one_line_error 1 '^ir-train: none.tar: param/stem.0.weight holds .* half precision ends at 65504; not written$'
    [ ! -e none.tar ]
    ir-train export -c large.tar > /dev/null
    run --separate-stderr ir-train export -w none.tar
    usage_error '^ir-train: export: -c is missing$'
    run --separate-stderr ir-train export -c trained.tar -w none.tar data/images
    usage_error '^ir-train: export: data/images: images are of no use here$'
}

@test "training goes on with a model, and what it writes has no checksum and no description" {
    ir-train -q -c acm --crop 32 --batch 4 -w more.tar data/images data/masks
    [ "$(meta more.tar | grep '^epoch ')" = 'epoch 3' ]
    run ! grep -E '^(sha256|name) ' <(meta more.tar)
    [ "$(tar xOf more.tar "$(tar tf more.tar | sed -n '/^param/{p;q}')" | head -c 40 | grep -c '<f4')" = 1 ]
}

# ---- names ----

@test "without -c the default detects, with -c the one that is named, and -v says which" {
    [ "$(maps)" = "$(maps -c box/acm.tar)" ]
    [ "$(maps -c acm)" = "$(maps -c box/acm.tar)" ]
    [ "$(maps -c rdian)" = "$(maps -c box/rdian.tar)" ]
    echo rdian > box/default
    [ "$(maps)" = "$(maps -c rdian)" ]
    cat data/images/*.pgm | ir-detect | cmp - <(ir-detect -c rdian data/images)
    run --separate-stderr ir-detect -v data/images
    [[ "$stderr" = "ir-detect: detector $PWD/box/rdian.tar"$'\n'* ]]
    ir-detect -c acm --feature list | cmp - <(ir-detect -c box/acm.tar --feature list)
}

@test "a name of the box wins over a file; a path, and a name that the box lacks, is a file" {
    cp box/rdian.tar acm
    cp box/rdian.tar mine
    cp box/rdian.tar acm.tar
    [ "$(maps -c acm)" = "$(maps -c box/acm.tar)" ]
    for path in ./acm "$PWD/acm" acm.tar mine; do
        [ "$(maps -c "$path")" = "$(maps -c box/rdian.tar)" ]
    done
    [ "$(ir-detect -c - data/images < acm | cksum)" = "$(ir-detect -c rdian data/images | cksum)" ]
}

@test "--list prints a row for each, marks the default and counts the parameters" {
    run --separate-stderr ir-detect --list
    [ "$status" = 0 ] && [ -z "$stderr" ]
    diff - <(echo "$output") <<< "# name	network	parameters	trained on	scores	licence	default
acm	acm	397823	scenes, four	scenes 12.3 / 4.5	none	default
rdian	rdian	216558	-	-	-	-"
    rm box/default
    [ "$(ir-detect --list | cut -f 7 | xargs)" = 'default - -' ]
}

@test "what a terminal would obey is not printed by --list" {
    printf 'scores a\xc2\x9b1mb\n' > other
    ir-train export -c acm --describe other -w box/acm.tar
    [ "$(ir-detect --list | sed -n 2p | cut -f 5)" = 'a?1mb' ]
}

@test "the box lies beside the program's directory, as built and as installed" {
    unset IRTOOLS_MODELS
    [ "$(readlink -f "${IR_BIN%/bin}/share/irtools/models")" = "$REPO/models" ]
    mkdir -p here/bin here/share/irtools elsewhere
    cp "$IR_BIN/ir-detect" here/bin
    run --separate-stderr here/bin/ir-detect data/images
    one_line_error 1 "^ir-detect: $PWD/here/share/irtools/models: no models come with this program: No such file or directory; give a checkpoint by -c, or make models by models.mk$"
    cp -R box here/share/irtools/models
    ln -s "$PWD/here/bin/ir-detect" elsewhere/find # through a link, too
    for program in here/bin/ir-detect elsewhere/find; do
        $program data/images | cmp - <(ir-detect -c box/acm.tar data/images)
    done
    # where it is set, $IRTOOLS_MODELS alone counts
    IRTOOLS_MODELS=$PWD/none run --separate-stderr here/bin/ir-detect data/images
    one_line_error 1 "^ir-detect: $PWD/none: no models come with this program: No such file"
}

# ---- what can be wrong with a box ----

@test "an empty box, one without a default, a default that is not there" {
    rm box/default
    refused "$PWD/box: no file 'default' says which model to take: give one by -c \(acm, rdian\)$"
    [ "$(maps -c acm)" = "$(maps -c box/acm.tar)" ]
    for text in none '' 'acm.tar' '../acm'; do
        echo "$text" > box/default
        refused "$PWD/box/default: names '$text', which is no model there \(acm, rdian\)$"
    done
    : > box/default
    refused "$PWD/box/default: names '', which is no model there"
    printf 'acm\r\n' > box/default
    [ "$(maps)" = "$(maps -c box/acm.tar)" ]
    rm box/*.tar
    refused "$PWD/box: no models are there; give a checkpoint by -c, or make models by models.mk$"
    run --separate-stderr ir-detect --list
    one_line_error 1 "^ir-detect: $PWD/box: no models are there; give"
    run --separate-stderr ir-detect -c acm data/images
    one_line_error 1 "^ir-detect: $PWD/box: no models are there; give"
}

@test "no model of that name: there is said what there is" {
    run --separate-stderr ir-detect -c acn data/images
    one_line_error 1 "^ir-detect: acn: no model of that name in $PWD/box \(acm, rdian\), and no file$"
    run --separate-stderr ir-train -c acn -w out.tar data/images data/masks
    one_line_error 1 "^ir-train: acn: no model of that name in $PWD/box \(acm, rdian\), and no file$"
    run --separate-stderr ir-detect -c acn.tar data/images
    one_line_error 1 '^ir-detect: acn.tar: No such file or directory$'
    # what is there besides models is none
    touch box/{a.b.tar,.tar,-x.tar,acm.md,c.tar.part}
    [ "$(ir-detect --list | cut -f 1 | xargs)" = '# name acm rdian' ]
}

# damage OFFSET: flips the lowest bit of a byte of box/acm.tar.
damage() {
    "$PYTHON" - "$1" <<'PYTHON'
import sys
data = bytearray(open("box/acm.tar", "rb").read())
data[int(sys.argv[1])] ^= 1
open("box/acm.tar", "wb").write(data)
PYTHON
}

# offset MEMBER: where its data begin in box/acm.tar
offset() {
    "$PYTHON" -c 'import sys, tarfile; print(tarfile.open("box/acm.tar").getmember(sys.argv[1]).offset_data)' "$1"
}

@test "one flipped bit in a number, in the meta or in a header is found" {
    cp box/acm.tar good.tar
    for place in param/stem.0.weight.npy+128 param/layer3.1.conv1.weight.npy+1143 state/fuse1.bottomup.1.running_mean.npy+131; do
        cp good.tar box/acm.tar
        damage $(($(offset "${place%+*}") + ${place#*+}))
        refused "$PWD/box/acm.tar: damaged: not what the sha256 in its meta was made of$"
    done
    # a digit of the mean, a letter of the scores, a digit of the checksum itself
    for text in 'mean 0.' 'scores scenes 12.' 'sha256 '; do
        cp good.tar box/acm.tar
        damage $(($(grep -abo -m 1 "$text" good.tar | sed 1q | cut -d : -f 1) + ${#text}))
        refused "$PWD/box/acm.tar: damaged: not what the sha256"
        run --separate-stderr ir-detect --list
        one_line_error 1 "^ir-detect: $PWD/box/acm.tar: damaged"
        # under any name
        cp box/acm.tar own.tar
        run --separate-stderr ir-detect -c own.tar data/images
        one_line_error 1 '^ir-detect: own.tar: damaged'
    done
    # the key of the checksum: then it has none
    cp good.tar box/acm.tar
    damage "$(grep -abo -m 1 'sha256 ' good.tar | sed 1q | cut -d : -f 1)"
    refused "$PWD/box/acm.tar: no sha256 in its meta"
}

@test "a model cut short anywhere is refused" {
    size=$(stat -c %s box/acm.tar)
    cp box/acm.tar good.tar
    for ((n = 1; n < size; n += size / 40)); do
        head -c "$n" good.tar > box/acm.tar
        refused "$PWD/box/acm.tar: " || { echo "cut at $n of $size"; return 1; }
    done
}

@test "a checkpoint of one's own needs no checksum, a model in the box does" {
    ir-detect -c start.tar data/images > /dev/null
    cp start.tar box/acm.tar
    refused "$PWD/box/acm.tar: no sha256 in its meta, which a model in the box must have \(ir-train export\)$"
}

@test "two models of one name: the file that bears another's name is refused" {
    cp box/acm.tar box/other.tar
    run --separate-stderr ir-detect -c other data/images
    one_line_error 1 "^ir-detect: $PWD/box/other.tar: calls itself 'acm'; a model in the box is named as its file is$"
    run --separate-stderr ir-detect --list
    one_line_error 1 "^ir-detect: $PWD/box/other.tar: calls itself 'acm'"
    ir-detect -c box/other.tar data/images > /dev/null # by its path it is a file
}

@test "a policy in the box, a directory, and -c beside -m" {
    ir-policy init -w box/policy.tar
    mkdir box/dir.tar
    run --separate-stderr ir-detect -c policy data/images
    one_line_error 1 "^ir-detect: $PWD/box/policy.tar: a checkpoint of kind 'policy', not 'detector'$"
    run --separate-stderr ir-detect -c dir data/images
    one_line_error 1 "^ir-detect: $PWD/box/dir.tar: Is a directory$"
    run --separate-stderr ir-detect -c acm -m top-hat data/images
    usage_error '^ir-detect: -c \(a learned detector\) and -m \(a classical one\) do not go together$'
    ir-detect -m top-hat data/images > /dev/null # needs no box
}
