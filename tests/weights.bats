#!/usr/bin/env bats
# Weights to PyTorch and back, by the programs that ir-checkpoint(5) prints.

load helper

setup() {
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    cd "$BATS_TEST_TMPDIR" || return 1
    for program in to-pytorch from-pytorch; do
        printed "^# $program\.py " > $program.py
        [[ $(wc -l < $program.py) -ge 10 ]]
    done
}

# printed PATTERN: the manual page's example that begins with a line that matches.
printed() {
    sed -n "/$1/,/^\.Ed/p" "$REPO/man/ir-checkpoint.5" | sed -e '$d' -e 's/\\e/\\/g' -e 's/^\\&//'
}

# there_and_back CHECKPOINT: by way of weights.pth to back.tar.
there_and_back() {
    tar xOf "$1" meta > old-meta
    "$PYTHON" to-pytorch.py "$1" weights.pth
    "$PYTHON" from-pytorch.py weights.pth old-meta back.tar
}

@test "every network goes to PyTorch, is its model's, and comes back byte for byte" {
    networks > inits
    for init in "acm --sfim" "balistd --no-sfim"; do echo "$init" >> inits; done
    while read -r init; do
        # shellcheck disable=SC2086
        ir-train init --net $init -r 1 --mean 0.4 --std 0.14 > detector.tar
        there_and_back detector.tar
        cmp detector.tar back.tar
        mv weights.pth "$init.pth"
    done < inits
    PYTHONPATH=$REPO/tests/parity "$PYTHON" - "$(wc -l < inits)" ./*.pth <<'PYTHON'
import sys, torch, networks
assert len(sys.argv) == 2 + int(sys.argv[1]) > 8
for path in sys.argv[2:]:
    net, *options = path[2:-len(".pth")].split()
    model = networks.NETWORKS[net](**({"sfim": options[0] == "--sfim"} if options else {}))
    missing, extra = model.load_state_dict(torch.load(path), strict=False)
    assert not extra and all(m.endswith("num_batches_tracked") for m in missing), (missing, extra)
PYTHON
}

@test "a trained checkpoint comes back as what detects, without Adam's moments, and training goes on" {
    scenes data -n 4 -s 64x64 -r 1 > /dev/null
    ir-train init --net acm data/images > start.tar
    ir-train -q -c start.tar --crop 32 --batch 4 --epochs 2 --ema 0.9 -w end.tar data/images data/masks
    there_and_back end.tar
    tar tf end.tar | grep -v '^\(adam\|ema\|measured\)/' | diff - <(tar tf back.tar)
    ir-detect -c end.tar --soft --depth 16 data/images | cmp - <(ir-detect -c back.tar --soft --depth 16 data/images)
    ir-train -q -c back.tar --crop 32 --batch 4 -w more.tar data/images data/masks
    [[ $(tar xOf more.tar meta | grep '^epoch ') == "epoch 3" ]]
}

# loads NET [dict] [PREFIX]: published weights of that kind load and detect what PyTorch detects. The
# meta is the manual's, for another net.
loads() {
    [[ -e data ]] || scenes data -n 1 -s 70x66 -r 1 > /dev/null
    printed '^format 1$' | sed "s/^net rdian/net $1/; s/^sfim 0/sfim $([[ $1 == balistd ]] && echo 1 || echo 0)/" > meta
    [[ $(wc -l < meta) == 9 ]]
    "$PYTHON" "$REPO/tests/parity/published.py" "$1" published.pth data/images/scene00001.pgm \
        -0.1246 1.0923 "${@:2}" > expected.pgm
    "$PYTHON" from-pytorch.py published.pth meta detector.tar
    ir-detect -c detector.tar --precision fp32 --soft --depth 16 data/images > found.pgm
    pamarith -difference expected.pgm found.pgm | pamsumm -max -brief > difference
    [[ $(< difference) -le 6 ]] # 1e-4
}

@test "rdian's published weights load, with fixed kernels and num_batches_tracked" {
    loads rdian
    tar tf detector.tar > names
    [[ $(grep -c '^state/d1[1-8]\.weight\.npy$' names) == 8 ]]
    run ! grep -q num_batches_tracked names
    # as does one that has num_batches_tracked
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" detector.tar tracked.tar '
n = "state/conv1.1.num_batches_tracked.npy"
members[n] = npy(np.int64(7))
order.append(n)'
    ir-detect -c tracked.tar --precision fp32 --soft --depth 16 data/images | cmp - found.pgm
}

@test "weights of the others load, wrapped or not, with what they never run" {
    loads acm module.
    loads alcnet dict model.
    loads isnet dict module.model.
    loads dnanet dict
    loads balistd model.
}

@test "weights of another network are refused with an array's name" {
    loads acm
    sed -i 's/^net acm/net alcnet/' meta
    "$PYTHON" from-pytorch.py published.pth meta detector.tar
    run --separate-stderr ir-detect -c detector.tar data/images
    one_line_error 1 '^ir-detect: detector.tar: param/fuse1\.'
}
