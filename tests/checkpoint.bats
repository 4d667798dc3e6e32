#!/usr/bin/env bats
# Checkpoints: round trips, NumPy on both sides, and every way a file can be bad.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    test-checkpoint make good.tar
}

# edit CODE: bad.tar from good.tar. CODE is Python that changes the list `members` of
# [name, bytes]; npy(array) gives an array's .npy bytes.
edit() {
    "$PYTHON" - "$1" <<'PYTHON'
import io, sys, tarfile
import numpy as np

def npy(array):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=(1, 0))
    return out.getvalue()

def f4(*shape):
    return np.ones(shape, "<f4")

with tarfile.open("good.tar") as tar:
    members = [[m.name, tar.extractfile(m).read()] for m in tar]
at = {name: i for i, (name, _) in enumerate(members)}
exec(sys.argv[1])
tarfile.RECORDSIZE = tarfile.BLOCKSIZE
with tarfile.open("bad.tar", "w", format=tarfile.GNU_FORMAT) as tar:
    for name, data in members:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
PYTHON
}

# refused PATTERN: bad.tar is refused with one line that names it.
refused() {
    run --separate-stderr test-checkpoint copy detector bad.tar out.tar
    one_line_error 1 "^test-checkpoint: bad.tar: .*$1" || return 1
    [[ ! -e out.tar ]]
}

# set_array CODE PATTERN: param/b.npy replaced by the bytes that CODE gives is refused.
set_array() {
    edit "members[at['param/b.npy']][1] = $1"
    refused "param/b.npy: $2"
}

# set_header DICTIONARY PATTERN: a .npy whose header is given literally, with two numbers behind.
set_header() {
    edit "h = b'''$1'''
members[at['param/b.npy']][1] = (b'\\x93NUMPY\\x01\\x00' + len(h).to_bytes(2, 'little') + h + bytes(8))"
    refused "param/b.npy: $2"
}

# limit_memory: to what small checkpoints need; not for programs built with AddressSanitizer, which
# cannot run under a limit at all.
limit_memory() {
    if (ulimit -v 400000 && test-checkpoint list detector good.tar >/dev/null 2>&1); then
        ulimit -v 400000
    fi
}

@test "a checkpoint read and written back is the same, byte for byte" {
    test-checkpoint copy detector good.tar copy.tar
    cmp good.tar copy.tar
    test-checkpoint copy detector - - <good.tar >through.tar
    cmp good.tar through.tar
}

@test "the list shows meta as last set, and the arrays sorted by name" {
    run test-checkpoint list detector good.tar
    [[ $status -eq 0 ]]
    diff - <(printf '%s\n' "$output") <<'END'
format 1
step 12
mean 0.25
adam/m/b 4 8
adam/v/b 4 3 2 5 7185
param/b 4 3 2 282
param/conv.weight 4 3 67.5
state/mean 4 6
END
}

@test "tar lists it: meta first, then the arrays sorted; no owner, no time" {
    run tar tf good.tar
    [[ $output == "meta
adam/m/b.npy
adam/v/b.npy
param/b.npy
param/conv.weight.npy
state/mean.npy" ]]
    run tar xOf good.tar meta
    [[ $output == "format 1
kind detector
irtools "*"
step 12
mean 0.25" ]]
    "$PYTHON" - <<'PYTHON'
import tarfile
for m in tarfile.open("good.tar"):
    assert (m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) == (0, 0, 0, "", "", 0o644), m.get_info()
PYTHON
}

@test "numpy.load reads every array, and numpy.save writes the same bytes" {
    "$PYTHON" - <<'PYTHON'
import io, tarfile
import numpy as np
with tarfile.open("good.tar") as tar:
    arrays = {m.name: np.load(io.BytesIO(tar.extractfile(m).read())) for m in tar if m.name != "meta"}
    for name, array in arrays.items():
        assert array.dtype == "<f4"
        out = io.BytesIO()
        np.save(out, array)
        assert out.getvalue() == tar.extractfile(name).read(), name
assert len(arrays) == 5
assert arrays["adam/v/b.npy"].shape == (4, 3, 2, 5)
k = np.arange(120, dtype="f4").reshape(4, 3, 2, 5)
assert (arrays["adam/v/b.npy"] == k + 3 / 8).all()
assert (arrays["state/mean.npy"] == np.arange(4)).all()
PYTHON
}

# example WORD: the example of ir-checkpoint(5) whose first line holds WORD.
example() {
    awk -v word="$1" '
        /^\.Ed/ { inside = 0 }
        inside && first { keep = index($0, word); first = 0 }
        inside && keep { print }
        /^\.Bd -literal/ { inside = first = 1; keep = 0 }' "$REPO/man/ir-checkpoint.5" |
        sed -e 's/\\e/\\/g' -e 's/^\\&//'
}

@test "the manual's example loads a checkpoint in NumPy" {
    cp good.tar detector.tar
    {
        example 'import io, numpy, tarfile'
        echo 'assert len(arrays) == 5 and arrays["param/b.npy"].shape == (4, 3, 2)'
    } >load.py
    [[ $(wc -l <load.py) -eq 5 ]]
    "$PYTHON" load.py
}

@test "an archive that Python wrote from the same members is the same, byte for byte" {
    edit ''
    cmp good.tar bad.tar
}

@test "an archive that Python wrote, in any order, reads as the same checkpoint" {
    edit 'members[1:] = members[:0:-1]'
    test-checkpoint copy detector bad.tar copy.tar
    cmp good.tar copy.tar
}

@test "GNU tar's own archive of the extracted files reads as the same checkpoint" {
    mkdir x
    tar xf good.tar -C x
    for format in ustar gnu pax; do
        tar cf bad.tar --format=$format -C x meta adam/v/b.npy param/b.npy param/conv.weight.npy \
            adam/m/b.npy state/mean.npy
        test-checkpoint copy detector bad.tar copy.tar
        cmp good.tar copy.tar
    done
}

@test ".npy version 2.0, other key orders and double quotes are read" {
    edit "
h = b'{\"shape\": (4,3 , 2),\"descr\":\"<f4\", \"fortran_order\":False}'
old = members[at['param/b.npy']][1]
members[at['param/b.npy']][1] = (b'\\x93NUMPY\\x02\\x00' + len(h).to_bytes(4, 'little') + h +
                                 old[-4 * 4 * 3 * 2:])"
    test-checkpoint copy detector bad.tar copy.tar
    cmp good.tar copy.tar
}

@test "num_batches_tracked is skipped whatever its type" {
    edit "members += [['state/meann.num_batches_tracked.npy', npy(np.array(5, '<i8'))]]"
    test-checkpoint copy detector bad.tar copy.tar
    cmp good.tar copy.tar
    edit "members += [['state/num_batches_tracked.npy', npy(np.array([5], '>i2'))]]"
    test-checkpoint copy detector bad.tar copy.tar
    cmp good.tar copy.tar
    edit "members += [['state/xnum_batches_tracked.npy', npy(np.array(5, '<i8'))]]"
    refused 'xnum_batches_tracked.npy: wrong type'
}

@test "another kind" {
    run --separate-stderr test-checkpoint copy policy good.tar out.tar
    one_line_error 1 "^test-checkpoint: good.tar: a checkpoint of kind 'detector', not 'policy'$"
}

@test "no tar, an empty file, a directory, no file" {
    printf 'A text file, and no checkpoint.\n' >bad.tar
    refused 'not a checkpoint'
    head -c 100000 /dev/zero | tr '\0' 'x' >bad.tar
    refused 'not a checkpoint'
    : >bad.tar
    refused 'not a checkpoint'
    head -c 10240 /dev/zero >bad.tar
    refused 'not a checkpoint'
    rm bad.tar
    refused 'No such file'
    mkdir bad.tar
    refused 'Is a directory'
}

@test "cut anywhere, it is refused" {
    size=$(stat -c %s good.tar)
    for ((n = 1; n < size; n += 509)); do
        head -c "$n" good.tar >bad.tar
        refused '' || {
            echo "cut at $n of $size"
            return 1
        }
    done
    for ((n = 512; n < size; n += 512)); do
        head -c "$n" good.tar >bad.tar
        refused '' || {
            echo "cut at $n of $size"
            return 1
        }
    done
    head -c $((size / 2)) good.tar >bad.tar
    refused '(adam/v|param|state)/[a-z.]*.npy: '
}

@test "cut between members and padded with one block, or with junk behind" {
    head -c -512 good.tar >bad.tar
    refused 'cut short'
    head -c -1024 good.tar >bad.tar
    refused 'cut short'
    cat good.tar good.tar >bad.tar
    refused 'junk behind its end'
    { cat good.tar && head -c 4096 /dev/zero && printf x; } >bad.tar
    refused 'junk behind its end'
    { cat good.tar && head -c 4096 /dev/zero; } >bad.tar
    test-checkpoint copy detector bad.tar copy.tar
    cmp good.tar copy.tar
}

@test "meta missing, twice, or not a file" {
    edit 'del members[0]'
    refused "no member 'meta'"
    edit 'members.append(members[0])'
    refused 'meta is there twice'
    mkdir meta
    tar cf bad.tar meta
    refused "'meta' is no name of a member"
}

@test "archives of the unpacked files as tars write them: directories, ./, another order, padding" {
    mkdir x
    tar xf good.tar -C x
    cd x
    for tar in tar bsdtar; do
        $tar cf ../a.tar meta adam param state
        $tar cf ../b.tar state param ./adam .//meta
        $tar cf ../c.tar .
        $tar cf - meta ./*/ > ../d.tar
        for archive in ../[a-d].tar; do
            $tar tf "$archive" | grep -q 'param/$'
            test-checkpoint copy detector "$archive" ../copy.tar
            cmp ../good.tar ../copy.tar
        done
    done
    "$PYTHON" -c 'import tarfile
with tarfile.open("../p.tar", "w") as tar:
    tar.add(".")'
    test-checkpoint copy detector ../p.tar ../copy.tar
    cmp ../good.tar ../copy.tar
}

@test "the directories of averaged weights and of measured statistics are passed over, too" {
    edit 'members += [["ema/b.npy", npy(f4(3, 2))], ["measured/mean.npy", npy(f4(6))]]'
    mkdir x
    tar xf bad.tar -C x
    (cd x && tar cf ../a.tar meta ./*/)
    tar tf a.tar | grep -q '^./measured/$'
    test-checkpoint copy detector bad.tar want.tar
    test-checkpoint copy detector a.tar copy.tar
    cmp want.tar copy.tar
}

@test "an owner's accent, in any format, and macOS's members of attributes are passed over" {
    for format in USTAR GNU PAX; do
        "$PYTHON" - $format <<'PYTHON'
import io, sys, tarfile
with tarfile.open("good.tar") as good, \
        tarfile.open("owned.tar", "w", format=getattr(tarfile, sys.argv[1] + "_FORMAT")) as tar:
    for m in good:
        data = good.extractfile(m).read()
        m.uname = m.gname = "J\u00e9r\u00f4me"
        apple = tarfile.TarInfo("/".join(m.name.split("/")[:-1] + ["._" + m.name.split("/")[-1]]))
        apple.size = 100
        tar.addfile(apple, io.BytesIO(b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(76)))
        tar.addfile(m, io.BytesIO(data))
PYTHON
        test-checkpoint copy detector owned.tar copy.tar
        cmp good.tar copy.tar
    done
}

@test "an archive of the directory itself: how to make one that is right is said" {
    mkdir x
    tar xf good.tar -C x
    tar cf bad.tar x
    refused "'x' is no name of a member .in the directory that holds meta: tar cf NEW meta \*/"
    tar cf bad.tar x/meta
    refused "'x/meta' is no name of a member .in the directory"
}

@test "meta of an unknown format, without format or kind, with bad lines" {
    edit 'members[0][1] = members[0][1].replace(b"format 1", b"format 2")'
    refused 'meta: format 2 is unknown'
    edit 'members[0][1] = members[0][1].replace(b"format 1\n", b"")'
    refused 'meta: no format'
    edit 'members[0][1] = members[0][1].replace(b"kind detector\n", b"")'
    refused 'meta: no kind'
    edit 'members[0][1] += b"step 13\n"'
    refused 'meta: step is there twice'
    edit 'members[0][1] += b"lonely\n"'
    refused "meta: line 6 is not 'key value'"
    edit 'members[0][1] += b"\n"'
    refused "meta: line 6 is not 'key value'"
    edit 'members[0][1] += b"tab \t\n"'
    refused "meta: line 6 is not 'key value'"
    edit 'members[0][1] += b"net a\0b\n"'
    refused 'meta: not text'
    edit 'members[0][1] += b"note " + b"x" * 70000 + b"\n"'
    refused 'meta: too large'
}

@test "meta with values that are no numbers or out of range" {
    for value in one 12x 1.5 -1 1001 99999999999999999999; do
        edit "members[0][1] = members[0][1].replace(b'step 12', b'step $value')"
        run --separate-stderr test-checkpoint list detector bad.tar
        one_line_error 1 '^test-checkpoint: bad.tar: meta: step: '
    done
    for value in nan inf 0.5x 1.01 -0.1; do
        edit "members[0][1] = members[0][1].replace(b'mean 0.25', b'mean $value')"
        run --separate-stderr test-checkpoint list detector bad.tar
        one_line_error 1 '^test-checkpoint: bad.tar: meta: mean: '
    done
    edit "members[0][1] = members[0][1].replace(b'step 12\\n', b'')"
    run --separate-stderr test-checkpoint list detector bad.tar
    one_line_error 1 '^test-checkpoint: bad.tar: meta: no step$'
}

@test "a count that leaves no room for one more" {
    local program counts
    ir-train init --net acm --mean 0.4 --std 0.1 -w detector.tar
    ir-policy init -w policy.tar
    pgm 8 8 255 $(seq 64) > a.pgm
    for counts in 'detector step' 'detector epoch' 'detector images' 'policy step' 'policy images'; do
        read -r program counts <<< "$counts"
        "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$program.tar" bad.tar "
import re
members['meta'] = re.sub(b'(?m)^$counts .*\$', b'$counts 9223372036854775807', members['meta'])"
        if [ "$program" = policy ]; then
            run --separate-stderr ir-policy sample -c bad.tar a.pgm
        else
            run --separate-stderr ir-train -c bad.tar -w out.tar --crop 32 a.pgm a.pgm
        fi
        one_line_error 1 "^ir-.*: bad.tar: meta: $counts: 9223372036854775807 is not within 0 and 1000000000000000$"
    done
}

@test "an array doubled" {
    edit 'members.append(members[at["param/b.npy"]])'
    refused 'param/b.npy is there twice'
}

@test "members that belong to no family" {
    for name in b.npy params/b.npy param/b param/.npy param/a/b.npy adam/b.npy adam/m/.npy \
        ../param/b.npy /param/b.npy './ /param/b.npy' 'param/b c.npy' 'param/b%s.npy' param/ö.npy; do
        edit "members[at['param/b.npy']][0] = '$name'"
        refused '(no name of a member|after meta: |after .*.npy: )' || {
            echo "$name"
            return 1
        }
    done
    edit "members[at['param/b.npy']][0] = 'param/' + 'x' * 300 + '.npy'"
    refused 'no name of a member'
}

@test "links and directories" {
    mkdir -p x
    tar xf good.tar -C x
    ln -s b.npy x/param/link.npy
    tar cf bad.tar -C x meta param/b.npy param/link.npy
    refused 'param/link.npy: not a plain file'
    ln -f x/param/b.npy x/param/link.npy
    tar cf bad.tar -C x meta param/b.npy param/link.npy
    refused 'param/link.npy: not a plain file'
    mkdir x/param/inner
    tar cf bad.tar -C x meta param/inner
    refused "'param/inner' is no name of a member"
}

@test "a sparse member whose size is not in the file" {
    mkdir x
    tar xf good.tar -C x
    truncate -s 1G x/param/b.npy
    for format in gnu pax; do
        tar cSf bad.tar --format=$format -C x meta param/b.npy
        refused 'not a plain file'
    done
}

@test "a header that claims more than there is costs no memory" {
    edit 'pass'
    "$PYTHON" - <<'PYTHON'
import tarfile
data = bytearray(open("good.tar", "rb").read())
tar = tarfile.open("good.tar")
info = tar.getmember("state/mean.npy")
info.size = 1 << 29
data[info.offset:info.offset + 512] = info.tobuf(tarfile.USTAR_FORMAT)
open("bad.tar", "wb").write(data)
PYTHON
    limit_memory
    refused 'state/mean.npy: Truncated'
}

# GNU's old form of sparse files: 512 bytes that lie behind a hole of a gigabyte, in a file that says
# it has 1024.
@test "a hole that a sparse member's header hides costs no memory" {
    "$PYTHON" - <<'PYTHON'
import tarfile
data = bytearray(open("good.tar", "rb").read())
info = tarfile.open("good.tar").getmember("state/mean.npy")
info.size = 512
header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
header[156:157] = b"S"
header[386:410] = b"%011o\0%011o\0" % (1000000000, 512)
header[483:495] = b"%011o\0" % 1024
header[148:156] = b" " * 8
header[148:156] = b"%06o\0 " % sum(header)
data[info.offset:info.offset + 512] = header
open("bad.tar", "wb").write(data)
PYTHON
    limit_memory
    refused 'state/mean.npy: not a plain file'
}

@test "wrong types, byte order and array order" {
    set_array "npy(np.ones(3, '<f8'))" 'wrong type'
    set_array "npy(np.ones(3, '<i4'))" 'wrong type'
    set_array "npy(np.ones(3, '<c8'))" 'wrong type'
    set_array "npy(np.ones(3, [('a', '<f4')]))" 'wrong type'
    set_array "npy(np.ones(3, '>f4'))" 'big-endian'
    set_array "npy(np.asfortranarray(f4(3, 2)))" 'Fortran-ordered'
}

@test "numbers that are not finite" {
    set_array "npy(np.array([1, np.nan], '<f4'))" 'element 1 is not finite'
    set_array "npy(np.array([1, 2, np.inf], '<f4'))" 'element 2 is not finite'
    set_array "npy(np.array([-np.inf, 2], '<f4'))" 'element 0 is not finite'
}

@test "shapes and sizes that cannot be" {
    set_array "npy(f4(1, 2, 1, 2, 1))" 'more than 4 dimensions'
    set_array "npy(f4(2, 0))" 'a dimension of zero'
    set_array "npy(f4(2))[:-1]" 'fewer numbers'
    set_array "npy(f4(2))[:-4]" 'fewer numbers'
    set_array "npy(f4(2)) + b'1234'" 'bytes behind its last number'
    set_array "npy(f4(2)) + b'1'" 'bytes behind its last number'
    set_array "b''" 'not a .npy file'
    set_array "npy(f4(2))[:9]" 'not a .npy file'
    set_array "npy(f4(2))[:60]" 'a .npy header cut short'
    set_array "b'PK' + npy(f4(2))[2:]" 'not a .npy file'
    set_array "b'\\x93NUMPY\\x03\\x00' + npy(f4(2))[8:]" 'a .npy version other than'
    set_array "b'\\x93NUMPY\\x02\\x00' + npy(f4(2))[8:12]" 'a .npy header cut short'
    set_header "{'descr': '<f4', 'fortran_order': False, 'shape': (268435457,), }" 'too large'
    set_header "{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536), }" 'too large'
    set_header "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }" \
        'too large'
    set_header "{'descr': '<f4', 'fortran_order': False, 'shape': (268435456,), }" 'fewer numbers'
}

@test "headers that are no dictionary of three keys" {
    for header in '' '{' '{}' \
        "{'descr': '<f4', 'fortran_order': False}" \
        "{'descr': '<f4', 'shape': (2,)}" \
        "{'fortran_order': False, 'shape': (2,)}" \
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}" \
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x" \
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}" \
        "{'descr" "{'descr': '<f4', 'fortran_order': False, 'shape': (2,"; do
        set_header "$header" 'bad .npy header' || {
            echo "$header"
            return 1
        }
    done
}

@test "standard input is named in messages" {
    run --separate-stderr test-checkpoint copy detector - out.tar <<<'no tar'
    one_line_error 1 '^test-checkpoint: standard input: not a checkpoint'
}

@test "a number that is not finite is not written over a good file" {
    cp good.tar old.tar
    run --separate-stderr test-checkpoint infinite old.tar
    one_line_error 1 '^test-checkpoint: old.tar: param/b '
    cmp good.tar old.tar
}

@test "a full disk" {
    run --separate-stderr test-checkpoint make /dev/full
    one_line_error 1 '^test-checkpoint: /dev/full: No space left on device$'
    [[ -c /dev/full ]]
    run --separate-stderr bash -c 'test-checkpoint copy detector good.tar - >/dev/full'
    one_line_error 1 '^test-checkpoint: standard output: No space left on device$'
}

@test "on a full disk the reason takes the room of what was not finished" {
    mkdir disk
    mount -t tmpfs -o size=4k none disk || skip "no file system can be mounted here"
    run bash -c 'test-checkpoint make disk/x.tar 2>> disk/said; cat disk/said; ls disk'
    umount disk
    [ "$output" = "test-checkpoint: disk/x.tar: No space left on device"$'\n'said ]
}

@test "a file size limit in the middle leaves the old file and nothing else" {
    cp good.tar old.tar
    run --separate-stderr bash -c 'ulimit -f 2; exec test-checkpoint make old.tar'
    one_line_error 1 '^test-checkpoint: old.tar: File too large$'
    cmp good.tar old.tar
    [[ -z $(find . -name '*.part') ]]
}

@test "a directory that does not exist or cannot be written" {
    run --separate-stderr test-checkpoint make missing/x.tar
    one_line_error 1 '^test-checkpoint: missing/x.tar: No such file or directory$'
    need_humble
    mkdir locked
    cp good.tar locked/old.tar
    chmod a-w locked
    run --separate-stderr humbly test-checkpoint make locked/old.tar
    chmod u+w locked
    one_line_error 1 '^test-checkpoint: locked/old.tar: Permission denied$'
    cmp good.tar locked/old.tar
}

# stall SIGNAL: a writer of old.tar is ended by SIGNAL in the middle. (A background job of a script
# ignores SIGINT unless env gives it back.)
stall() {
    local pid line
    mkfifo ready
    env --default-signal=INT test-checkpoint stall old.tar >ready &
    pid=$!
    read -r line <ready
    [[ $line == ready ]]
    [[ $(find . -name 'old.tar.*.part' | wc -l) -eq 1 ]]
    kill "-$1" "$pid"
    wait "$pid" && return 1
    [[ $? -eq $((128 + $(kill -l "$1"))) ]] || return 1
    rm ready
    cmp good.tar old.tar
}

@test "SIGKILL while writing leaves the old file whole" {
    cp good.tar old.tar
    stall KILL
}

@test "SIGTERM and SIGINT while writing leave the old file whole and nothing beside it" {
    cp good.tar old.tar
    stall TERM
    [[ $(ls) == $'good.tar\nold.tar' ]]
    stall INT
    [[ $(ls) == $'good.tar\nold.tar' ]]
}

@test "permissions stay, a link's target is replaced, a FIFO is written to" {
    cp good.tar old.tar
    chmod 600 old.tar
    ln -s old.tar link.tar
    printf 'old\n' >old.tar
    test-checkpoint make link.tar
    [[ -L link.tar && $(stat -c %a old.tar) == 600 ]]
    cmp good.tar old.tar
    mkfifo pipe
    cat pipe >through.tar &
    test-checkpoint make pipe
    wait $!
    [[ -p pipe ]]
    cmp good.tar through.tar
}
