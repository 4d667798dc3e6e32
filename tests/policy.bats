#!/usr/bin/env bats
# ir-policy: what it chooses, what it learns, and what it refuses.

load helper

# Frames and a fresh policy for all tests of the file.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    PATH=${IR_BIN:-$BATS_TEST_DIRNAME/../build/bin}:$PATH
    ir-scenes -n 8 -s 96x80 -r 4 -o s
    ir-policy init -r 5 -w fresh.tar
    # A policy that is no longer uniform.
    ir-policy sample -c fresh.tar --batch 8 -r 1 s/images >strategies
    awk -F'\t' '{ print $1 "\t" ($3 - 1) / 4 }' strategies >rewards
    ir-policy update -c fresh.tar -S strategies -R rewards --batch 8 --lr 0.5 -w moved.tar s/images
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return 1
    t=$BATS_TEST_TMPDIR
}

# rewards_for STRATEGIES: a made-up loss per record, from what was chosen.
rewards_for() {
    awk -F'\t' '{ print $1 "\t" (length($2) * 7 + $3 * 13) % 10 / 10 }' "$1"
}

# repeat N DIRECTORY: a list of its images, N times over.
repeat() {
    for ((i = 0; i < $1; i++)); do
        printf '%s\n' "$PWD/$2"/*.pgm
    done
}

# probability CORRUPTION POLICY IMAGES...: its mean probability, all severities together.
probability() {
    local name=$1 policy=$2
    shift 2
    ir-policy stats -c "$policy" --batch 8 "$@" | awk -v n="$name" '$1 == n { print $5 }'
}

# is EXPRESSION: true in awk.
is() {
    awk "BEGIN { exit !($1) }"
}

# loop FUNCTION ARGUMENT...: runs ir-policy play; FUNCTION gets a strategy record and prints its
# reward. (In a shell of its own, where bats does not trace every line.)
loop() {
    # shellcheck disable=SC2163 # the function of that name
    export -f "$1"
    rm -f "$t/rewards"
    mkfifo "$t/rewards"
    t=$t bash -c '
        set -o pipefail
        answer=$1
        shift
        ir-policy play -R "$t/rewards" "$@" | tee "$t/played" | while read -r line; do
            "$answer" "$line"
        done >"$t/rewards"' loop "$@"
}

# Some tastes for it. A record is NAME<tab>CORRUPTION<tab>SEVERITY<tab>LOGP.
likes_jpeg() {
    case $1 in
        *jpeg*) printf '%s\t1\n' "${1%%$'\t'*}" ;;
        *) printf '%s\t0\n' "${1%%$'\t'*}" ;;
    esac
}

jpeg_if_bright_contrast_if_dark() {
    case $1 in
        bright*jpeg* | dark*contrast*) printf '%s\t1\n' "${1%%$'\t'*}" ;;
        *) printf '%s\t0\n' "${1%%$'\t'*}" ;;
    esac
}

# As rewards_for, but without a process per record.
made_up() {
    local name corruption severity
    IFS=$'\t' read -r name corruption severity _ <<<"$1"
    printf '%s\t0.%d\n' "$name" $(((${#corruption} * 7 + severity * 13) % 10))
}

@test "the first policy is uniform: 1/30 each" {
    run ir-policy stats -c fresh.tar s/images
    [[ $status -eq 0 && ${#lines[@]} -eq 11 ]]
    [[ ${lines[0]} == $'corruption\tseverity 1\tseverity 3\tseverity 5\tsum' ]]
    [[ $(cut -f1 <<<"$output" | tail -n +2) == \
        "$(ir-corrupt --list | awk '!/^#/ && $2 != "camera" { print $1 }')" ]]
    [[ $(tail -n +2 <<<"$output" | cut -f2-4 | tr '\t' '\n' | sort -u) == 0.033333 ]]
    ir-policy sample -c fresh.tar s/images | cut -f4 | sort -u >"$t/logp"
    [[ $(wc -l <"$t/logp") -eq 1 ]]
    is "($(<"$t/logp") - log(1 / 30)) ^ 2 < 1e-12"
}

@test "a record per image, in order, named as the stream names them" {
    ir-policy sample -c fresh.tar s/images >"$t/s"
    diff <(cut -f1 "$t/s") <(basename -as .pgm s/images/*.pgm)
    [[ $(cut -f3 "$t/s" | sort -u | tr -d '\n') =~ ^1?3?5?$ ]]
    cat s/images/*.pgm | ir-policy sample -c fresh.tar >"$t/s"
    [[ $(cut -f1 "$t/s" | head -2 | tr '\n' ' ') == 'stdin#1 stdin#2 ' ]]
    # The checkpoint may come from standard input, when the images do not.
    ir-policy sample -c fresh.tar s/images >"$t/a"
    ir-policy sample -c - s/images <fresh.tar | cmp - "$t/a"
}

@test "the same seed chooses the same; another does not; a repeated name is drawn anew" {
    repeat 30 s/images >"$t/list"
    ir-policy sample -c fresh.tar -r 7 "@$t/list" >"$t/a"
    ir-policy sample -c fresh.tar -r 7 "@$t/list" >"$t/b"
    ir-policy sample -c fresh.tar -r 8 "@$t/list" >"$t/c"
    cmp "$t/a" "$t/b"
    run ! cmp -s "$t/a" "$t/c"
    [[ $(grep -P '^scene00001\t' "$t/a" | cut -f2,3 | sort -u | wc -l) -gt 10 ]]
    # What is chosen for an image does not depend on the others or on the batch (here: uniform).
    ir-policy sample -c fresh.tar -r 7 --batch 3 s/images/scene00005.pgm |
        cmp - <(grep -m1 -P '^scene00005\t' "$t/a")
}

@test "sampling follows the probabilities" {
    # 30 equally likely strategies, 2400 draws: chi-square of 29 degrees of freedom, 58 at 0.1 %.
    repeat 300 s/images >"$t/list"
    ir-policy sample -c fresh.tar -r 3 --strategy random "@$t/list" >"$t/s"
    cut -f2,3 "$t/s" | sort | uniq -c | awk '
        { n++; chi += ($1 - 80) ^ 2 / 80 }
        END { exit !(n == 30 && chi > 10 && chi < 58) }'
    # And the network's own: frequency of each corruption against its probability.
    ir-policy sample -c moved.tar -r 3 --batch 8 "@$t/list" >"$t/s"
    for c in jpeg contrast gaussian-noise; do
        is "($(grep -cw "$c" "$t/s") / 2400 - $(probability $c moved.tar s/images)) ^ 2 < 0.03 ^ 2"
    done
}

@test "the sets random, noise, blur and isp are uniform over theirs, at three severities" {
    repeat 60 s/images >"$t/list"
    for row in 'random 10' 'noise 3' 'blur 3' 'isp 4'; do
        read -r set size <<<"$row"
        ir-policy sample -c moved.tar --strategy "$set" "@$t/list" >"$t/s"
        [[ $(cut -f2,3 "$t/s" | sort -u | wc -l) -eq $((3 * size)) ]]
        is "($(cut -f4 "$t/s" | sort -u) - log(1 / (3 * $size))) ^ 2 < 1e-12"
    done
    [[ $(ir-policy sample -c moved.tar --strategy noise "@$t/list" | cut -f2 | sort -u | tr '\n' ' ') == \
        'gaussian-noise impulse-noise shot-noise ' ]]
    [[ $(ir-policy sample -c moved.tar --strategy blur "@$t/list" | cut -f2 | sort -u | tr '\n' ' ') == \
        'defocus-blur gaussian-blur motion-blur ' ]]
}

@test "--hold: what is held is never chosen, by the network or by chance" {
    repeat 60 s/images >"$t/list"
    for set in hrl random; do
        ir-policy sample -c moved.tar --strategy $set --hold noise,jpeg --batch 8 "@$t/list" >"$t/s"
        [[ $(cut -f2 "$t/s" | sort -u | xargs) == \
            'brightness contrast defocus-blur gaussian-blur motion-blur pixelate' ]]
    done
    # of 18 alike
    is "($(cut -f4 "$t/s" | sort -u) + log(18)) ^ 2 < 1e-10"
    # what is held never moves: the probabilities of the rest sum to one
    ir-policy sample -c moved.tar --hold blur --batch 8 -r 3 s/images >"$t/s"
    rewards_for "$t/s" >"$t/r"
    ir-policy update -c moved.tar --hold blur -S "$t/s" -R "$t/r" --batch 8 -w "$t/p.tar" s/images
    run --separate-stderr ir-policy update -c moved.tar --hold isp -S "$t/s" -R "$t/r" --batch 8 \
        -w "$t/q.tar" s/images
    # shellcheck disable=SC2154 # run sets it
    [[ $status == 1 && $stderr == *'is held (--hold) or not in the set'* ]]
}

@test "--hold of everything, of nothing, of an unknown name, of a camera corruption" {
    refused() {
        run --separate-stderr ir-policy sample -c fresh.tar "${@:2}" s/images
        # shellcheck disable=SC2154 # run sets it
        [[ $status == 2 && $output == '' && ${stderr_lines[0]} == "ir-policy: --hold: $1"* ]]
    }
    refused "'noise blur,isp' is every corruption: none is left" --hold 'noise blur,isp'
    refused 'no corruption is named' --hold ' ,'
    refused "'nois' is no group" --hold nois,blur
    refused "'banding' is no group (noise, blur, isp) and no corruption that a policy plays" \
        --hold banding
    refused "nothing is left of the set 'blur'" --strategy blur --hold blur
}

@test "the severities given to init are the ones played with" {
    ir-policy init --severities 1,2,4 >"$t/p.tar"
    [[ $(tar xOf "$t/p.tar" meta | grep severities) == 'severities 1 2 4' ]]
    repeat 20 s/images >"$t/list"
    [[ $(ir-policy sample -c "$t/p.tar" "@$t/list" | cut -f3 | sort -u | tr '\n' ' ') == '1 2 4 ' ]]
    run ir-policy stats -c "$t/p.tar" s/images
    [[ ${lines[0]} == $'corruption\tseverity 1\tseverity 2\tseverity 4\tsum' ]]
}

@test "the network, its input and one step of learning are those of PyTorch" {
    ir-policy sample -c moved.tar --batch 8 -r 2 --precision fp32 s/images >"$t/s"
    rewards_for "$t/s" >"$t/r"
    ir-policy update -c moved.tar -S "$t/s" -R "$t/r" --batch 8 --lr 0.3 --entropy 0.2 \
        --precision fp32 -w "$t/mean.tar" s/images
    ir-policy update -c moved.tar -S "$t/s" -R "$t/r" --batch 8 --lr 0.3 --baseline none \
        --precision fp32 -w "$t/none.tar" s/images
    ir-policy sample -c moved.tar --hold noise,jpeg --batch 8 -r 2 --precision fp32 s/images >"$t/hs"
    rewards_for "$t/hs" >"$t/hr"
    ir-policy update -c moved.tar --hold noise,jpeg -S "$t/hs" -R "$t/hr" --batch 8 --lr 0.3 \
        --entropy 0.2 --precision fp32 -w "$t/hold.tar" s/images
    # two batches, of which the second's choices are another policy's by then
    ir-policy sample -c moved.tar --batch 4 -r 2 --precision fp32 s/images >"$t/2s"
    rewards_for "$t/2s" >"$t/2r"
    ir-policy update -c moved.tar -S "$t/2s" -R "$t/2r" --batch 4 --lr 2 --entropy 0.2 \
        --precision fp32 -w "$t/two.tar" s/images
    "$PYTHON" - "$t" "$(ir-corrupt --list | awk '!/^#/ && $2 != "camera" { print $1 }')" <<'PYTHON'
import glob, io, sys, tarfile
import numpy as np
import torch
from torch import nn

t, corruptions = sys.argv[1], sys.argv[2].split()

def arrays(path):
    with tarfile.open(path) as tar:
        return {m.name[:-4]: np.load(io.BytesIO(tar.extractfile(m).read()))
                for m in tar if m.name != "meta"}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [1, 16, 32, 64, 128, 256]
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, 3, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())
            for i, o in zip(widths, widths[1:]))
        self.fc = nn.Linear(256, 30)
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return torch.log_softmax(self.fc(x.mean((2, 3))), 1)

frames = []
for path in sorted(glob.glob("s/images/*.pgm")):
    pixels = np.frombuffer(open(path, "rb").read()[-96 * 80:], np.uint8).reshape(1, 1, 80, 96)
    x = torch.from_numpy(pixels / 255.0)
    frames.append(nn.functional.interpolate(x, (128, 128), mode="bilinear", antialias=True,
                                            align_corners=False))
x = (torch.cat(frames) - 0.5) / 0.25
old = arrays("moved.tar")
for name, prefix, size, lr, baseline, entropy, held in [
        ("mean", "/", 8, 0.3, True, 0.2, []), ("none", "/", 8, 0.3, False, 0, []),
        ("hold", "/h", 8, 0.3, True, 0.2, [0, 1, 2, 9]), ("two", "/2", 4, 2, True, 0.2, [])]:
    records = [line.split("\t") for line in open(t + prefix + "s").read().splitlines()]
    chosen = torch.tensor([corruptions.index(r[1]) * 3 + [1, 3, 5].index(int(r[2])) for r in records])
    reward = torch.tensor([float(line.split("\t")[1]) for line in open(t + prefix + "r")])
    played = [k for k in range(30) if k // 3 not in held]
    state = {k.split("/", 1)[1]: torch.from_numpy(v) for k, v in old.items()}
    net, loaded = Net().double(), Net().double()
    for n in net, loaded:
        missing, extra = n.load_state_dict(state, strict=False)
        assert not extra and all("num_batches_tracked" in m for m in missing)
    chosen = torch.tensor([played.index(k) for k in chosen])
    said = torch.tensor([float(r[3]) for r in records])
    first = {k: p.detach().clone() for k, p in net.named_parameters()}
    weights = []
    for i in range(0, 8, size):
        batch = slice(i, i + size)
        def pick(n):
            logp = torch.log_softmax(n(x[batch])[:, played], 1)
            return logp, logp.gather(1, chosen[batch, None])[:, 0]
        logp, picked = pick(net)
        drawn = pick(loaded)[1].detach()
        assert abs(drawn - said[batch]).max() < 1e-5, abs(drawn - said[batch]).max()
        assert drawn.std() > 0.1, "the policy is still uniform: nothing was compared"
        weight = (picked - drawn).exp().detach()
        weights.append(weight)
        advantage = reward[batch] - (reward[batch].mean() if baseline else 0)
        objective = (weight * advantage * picked).mean()
        objective = objective + entropy * -(logp.exp() * logp).sum(1).mean()
        net.zero_grad()
        (-objective).backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= lr * p.grad
    if name == "two":
        assert abs(weights[1] - 1).max() > 0.05, "the weights are all one: nothing was compared"
    new = arrays(f"{t}/{name}.tar")
    for k, p in net.named_parameters():
        want = p.detach().numpy()
        step = np.linalg.norm(want - first[k].numpy())
        error = np.linalg.norm(new["param/" + k] - want)
        assert error < 1e-3 * step + 1e-7 * np.linalg.norm(want), (name, k, error, step)
    for k, b in net.named_buffers():
        if "num_batches" not in k:
            assert np.allclose(new["state/" + k], b.numpy(), rtol=1e-4, atol=1e-6), k
PYTHON
}

@test "larger frames, of other depths and shapes, reach the network as PyTorch would resize them" {
    ir-scenes -n 2 -s 301x170 -b 14 -o "$t/large"
    printf '%s\n' s/images/scene00001.pgm "$t/large/images/"*.pgm >"$t/list"
    "$PYTHON" - "$t" <<'PYTHON'
import sys
import numpy as np
import torch
t = sys.argv[1]
for i, path in enumerate(open(t + "/list").read().split()):
    data = open(path, "rb").read().split(b"\n", 3)
    w, h = map(int, data[1].split())
    x = np.frombuffer(data[3], ">u2" if int(data[2]) > 255 else "u1").reshape(1, 1, h, w)
    x = torch.from_numpy(x / float(data[2]))
    y = torch.nn.functional.interpolate(x, (128, 128), mode="bilinear", antialias=True)[0, 0]
    with open(f"{t}/{i}.pgm", "wb") as f: # 16 bits: within 1e-5 of the real thing
        f.write(b"P5\n128 128\n65535\n" + np.rint(y.numpy() * 65535).astype(">u2").tobytes())
PYTHON
    ir-policy stats -c moved.tar --precision fp32 "@$t/list" >"$t/own"
    ir-policy stats -c moved.tar --precision fp32 "$t/0.pgm" "$t/1.pgm" "$t/2.pgm" >"$t/theirs"
    paste "$t/own" "$t/theirs" | awk 'NR > 1 {
        for (i = 2; i <= 5; i++) if (($i - $(i + 5)) ^ 2 > 1e-5 ^ 2) bad = 1
        if ($2 != "0.033333") moved = 1
    } END { exit (bad || !moved) }'
}

@test "a corruption that is rewarded becomes likely, the others do not" {
    repeat 60 s/images >"$t/list"
    loop likes_jpeg -c fresh.tar --lr 0.05 -w "$t/p.tar" "@$t/list"
    is "$(probability jpeg "$t/p.tar" s/images) > 0.5"
    is "$(probability brightness "$t/p.tar" s/images) < 0.1"
    # The strategies of the end show it, too.
    is "$(tail -100 "$t/played" | grep -c jpeg) > 2 * $(head -100 "$t/played" | grep -c jpeg)"
}

@test "the choice depends on the image" {
    mkdir "$t/a" "$t/b" "$t/all"
    for i in 1 2 3 4; do # dark with fine stripes, bright and smooth
        awk -v i=$i 'BEGIN { print "P2 64 64 255"; for (k = 0; k < 4096; k++) print (k + i) % 4 * 20 }' >"$t/a/dark$i.pgm"
        awk -v i=$i 'BEGIN { print "P2 64 64 255"; for (k = 0; k < 4096; k++) print 150 + i * int(k / 256) }' >"$t/b/bright$i.pgm"
    done
    cp "$t"/a/* "$t"/b/* "$t/all"
    for ((i = 0; i < 100; i++)); do printf '%s\n' "$t/all"/*.pgm; done >"$t/list"
    loop jpeg_if_bright_contrast_if_dark -c fresh.tar --lr 0.05 --batch 8 -w "$t/p.tar" "@$t/list"
    tail -400 "$t/played" >"$t/end"
    is "$(grep -c 'bright.*jpeg' "$t/end") > 3 * $(grep -c 'dark.*jpeg' "$t/end")"
    is "$(grep -c 'dark.*contrast' "$t/end") > 3 * $(grep -c 'bright.*contrast' "$t/end")"
}

@test "an entropy bonus keeps the policy from collapsing" {
    repeat 20 s/images >"$t/list"
    loop likes_jpeg -c fresh.tar --lr 0.1 -w "$t/plain.tar" "@$t/list"
    loop likes_jpeg -c fresh.tar --lr 0.1 --entropy 0.5 -w "$t/bonus.tar" "@$t/list"
    is "$(probability jpeg "$t/bonus.tar" s/images) < $(probability jpeg "$t/plain.tar" s/images) - 0.1"
}

@test "equal rewards teach nothing when their mean is subtracted" {
    ir-policy sample -c moved.tar --batch 8 s/images >"$t/s"
    awk '{ print $1 "\t0.75" }' "$t/s" >"$t/r"
    ir-policy update -c moved.tar -S "$t/s" -R "$t/r" --batch 8 --lr 1 -w "$t/p.tar" s/images
    ir-policy stats -c moved.tar s/images >"$t/before"
    ir-policy stats -c "$t/p.tar" s/images | diff "$t/before" -
    ir-policy update -c moved.tar -S "$t/s" -R "$t/r" --batch 8 --lr 1 --baseline none \
        -w "$t/p.tar" s/images
    ir-policy stats -c "$t/p.tar" s/images >"$t/after"
    run ! cmp -s "$t/before" "$t/after"
}

@test "play is sample and update, bit for bit, batch by batch" {
    printf '%s\n' s/images/scene0000[1-5].pgm >"$t/list"
    loop made_up -c moved.tar --batch 2 -r 9 --lr 0.2 -w "$t/play.tar" "@$t/list"
    cp moved.tar "$t/p.tar"
    for batch in '1 2' '3 4' '5'; do
        # shellcheck disable=SC2086
        printf 's/images/scene0000%s.pgm\n' $batch >"$t/batch"
        ir-policy sample -c "$t/p.tar" --batch 2 -r 9 "@$t/batch" >"$t/s"
        cat "$t/s" >>"$t/all"
        rewards_for "$t/s" >"$t/r"
        ir-policy update -c "$t/p.tar" --batch 2 -S "$t/s" -R "$t/r" --lr 0.2 -w "$t/p.tar" \
            "@$t/batch"
    done
    cmp "$t/played" "$t/all"
    cmp "$t/play.tar" "$t/p.tar"
    # The same again gives the same; meta counts steps and images and knows the rate.
    loop made_up -c moved.tar --batch 2 -r 9 --lr 0.2 -w "$t/again.tar" "@$t/list"
    cmp "$t/play.tar" "$t/again.tar"
    tar xOf "$t/play.tar" meta >"$t/meta"
    grep -qx 'step 4' "$t/meta"
    grep -qx 'images 13' "$t/meta"
    grep -q '^lr 0.2' "$t/meta"
}

@test "played in two halves, the second from the first's checkpoint, it ends the same" {
    loop made_up -c fresh.tar --batch 2 -r 9 --lr 0.2 -w "$t/whole.tar" s/images
    printf '%s\n' s/images/scene0000[1-4].pgm >"$t/first"
    printf '%s\n' s/images/scene0000[5-8].pgm >"$t/second"
    loop made_up -c fresh.tar --batch 2 -r 9 --lr 0.2 -w "$t/half.tar" "@$t/first"
    loop made_up -c "$t/half.tar" --batch 2 -r 9 --lr 0.2 -w "$t/half.tar" "@$t/second"
    cmp "$t/whole.tar" "$t/half.tar"
}

# ---- one batch ahead ---------------------------------------------------------------------------

@test "--lag 1: the second batch's strategies come before the first one's rewards" {
    mkfifo "$t/rewards"
    export t
    # shellcheck disable=SC2016
    run -0 bash -c '
        ir-policy play -c moved.tar -R "$t/rewards" --batch 2 -r 9 --lag 1 -w "$t/p.tar" \
            s/images/scene0000[1-5].pgm | {
            exec 3>"$t/rewards"
            for i in 1 2 3 4; do
                read -r name rest
                names+=("$name")
            done
            printf "%s\t0.5\n" "${names[@]}" >&3
            read -r name rest
            printf "%s\t0.5\n" "$name" >&3
        }'
    grep -qx 'images 13' <(tar xOf "$t/p.tar" meta)
}

# lag_and_update REWARD: the policy of --lag 1 and that of sample and update, on two batches whose
# rewards REWARD gives; both start from moved.tar.
lag_and_update() {
    printf '%s\n' s/images/scene0000[1-4].pgm >"$t/list"
    loop "$1" -c moved.tar --batch 2 -r 9 --lr 0.2 --lag 1 -w "$t/lag.tar" "@$t/list"
    ir-policy sample -c moved.tar --batch 2 -r 9 "@$t/list" >"$t/s"
    cmp "$t/played" "$t/s"
    while read -r line; do "$1" "$line"; done <"$t/s" >"$t/r"
    ir-policy update -c moved.tar --batch 2 -S "$t/s" -R "$t/r" --lr 0.2 -w "$t/update.tar" \
        "@$t/list"
    mkdir -p "$t/lag" "$t/update"
    tar xf "$t/lag.tar" -C "$t/lag"
    tar xf "$t/update.tar" -C "$t/update"
}

at_first_alike() {
    case $1 in
        scene0000[12]*) printf '%s\t0.5\n' "${1%%$'\t'*}" ;;
        scene00003*) printf '%s\t0.9\n' "${1%%$'\t'*}" ;;
        *) printf '%s\t0.1\n' "${1%%$'\t'*}" ;;
    esac
}

never_alike() {
    case $1 in
        scene0000[13]*) printf '%s\t0.9\n' "${1%%$'\t'*}" ;;
        *) printf '%s\t0.1\n' "${1%%$'\t'*}" ;;
    esac
}

@test "--lag 1 learns what update learns, while the policy stays as it was" {
    lag_and_update at_first_alike
    diff -r "$t/lag/param" "$t/update/param"
}

@test "--lag 1 weighs what a policy chose that has learned since, as update does" {
    lag_and_update never_alike
    diff -r "$t/lag/param" "$t/update/param"
}

@test "--lag 1 learns to like what is rewarded" {
    repeat 60 s/images >"$t/list"
    loop likes_jpeg -c fresh.tar --batch 8 --lr 0.2 -r 3 --lag 1 -w "$t/p.tar" "@$t/list"
    is "$(probability jpeg "$t/p.tar" s/images) > 2 * $(probability jpeg fresh.tar s/images)"
}

@test "update over several batches checks them all against the policy it was given" {
    ir-policy sample -c moved.tar --batch 3 -r 1 s/images >"$t/s"
    rewards_for "$t/s" >"$t/r"
    ir-policy update -c moved.tar --batch 3 -S "$t/s" -R "$t/r" --lr 5 s/images >"$t/p.tar"
    grep -qx 'step 4' <(tar xOf "$t/p.tar" meta)
    # The rate was such that its own later choices would not pass.
    run --separate-stderr ir-policy update -c "$t/p.tar" --batch 3 -S "$t/s" -R "$t/r" s/images
    one_line_error 1 "^ir-policy: $t/s:1: log p is .*made by another"
}

@test "with a uniform set the checkpoint comes out as it went in" {
    for set in random noise blur isp; do
        ir-policy sample -c moved.tar --strategy $set s/images >"$t/s"
        rewards_for "$t/s" >"$t/r"
        ir-policy update -c moved.tar --strategy $set -S "$t/s" -R "$t/r" -w "$t/p.tar" s/images
        cmp moved.tar "$t/p.tar"
        ir-policy play -c moved.tar --strategy $set -R "$t/r" -w "$t/p.tar" s/images |
            cmp - "$t/s"
        cmp moved.tar "$t/p.tar"
    done
    run --separate-stderr ir-policy update -c moved.tar --strategy noise -S "$t/s" -R "$t/r" s/images
    one_line_error 1 "is not in the set 'noise'"
    sed -i '3s/\t[^\t]*$/\t-1/' "$t/s"
    run --separate-stderr ir-policy update -c moved.tar --strategy isp -S "$t/s" -R "$t/r" s/images
    one_line_error 1 "^ir-policy: $t/s:3: log p is -1"
}

@test "-v says what each batch brought" {
    ir-policy sample -c fresh.tar --batch 8 s/images >"$t/s"
    awk '{ print $1 "\t0.25" }' "$t/s" >"$t/r"
    run --separate-stderr ir-policy update -v -c fresh.tar --batch 5 -S "$t/s" -R "$t/r" \
        -w "$t/p.tar" s/images
    [[ $status -eq 0 ]]
    # shellcheck disable=SC2154 # run sets it
    [[ $stderr == 'ir-policy: 5 images, mean reward 0.2500, entropy 3.4012
ir-policy: 3 images, mean reward 0.2500, entropy 3.'* ]]
}

@test "--maxval brings frames of a narrow range up" {
    ir-scenes -n 1 -b 14 -s 64x64 -r 3 -o "$t/s"
    { printf 'P5\n64 64\n65535\n' && tail -c 8192 "$t"/s/images/*.pgm; } >"$t/wide.pgm"
    ir-policy stats -c moved.tar "$t"/s/images/*.pgm >"$t/right"
    ir-policy stats -c moved.tar --maxval 16383 "$t/wide.pgm" | cmp - "$t/right"
    ir-policy stats -c moved.tar "$t/wide.pgm" >"$t/wrong"
    run ! cmp -s "$t/right" "$t/wrong"
}

# ---- bad input -----------------------------------------------------------------------------------

# refuses PATTERN: update with $t/s and $t/r fails with one line, and leaves the old policy alone.
refuses() {
    cp moved.tar "$t/old.tar"
    run --separate-stderr ir-policy update -c "$t/old.tar" -S "$t/s" -R "$t/r" --batch 8 \
        -w "$t/old.tar" s/images
    one_line_error 1 "^ir-policy: .*$1" || return 1
    cmp moved.tar "$t/old.tar"
}

# good: fresh records of moved.tar in $t/s and $t/r.
good() {
    ir-policy sample -c moved.tar --batch 8 s/images >"$t/s"
    rewards_for "$t/s" >"$t/r"
}

@test "bad strategies" {
    for edit in '3s/\t[^\t]*$//' '3s/$/\t1/' '3s/.*//' '3s/\t[135]\t/\t9\t/' '3s/\t[135]\t/\t0\t/' \
        '3s/\t[a-z]*-*[a-z]*\t/\tfog\t/' '3s/\t[^\t]*$/\tnan/' '3s/\t[^\t]*$/\t0.5/' \
        '3s/\t[^\t]*$/\t-inf/' '3s/scene00003/scene00004/' '3d'; do
        good
        sed -i "$edit" "$t/s"
        refuses 's:3: ' || {
            echo "$edit"
            return 1
        }
    done
    good
    sed -i '3s/\t[135]\t/\t2\t/' "$t/s"
    refuses "s:3: severity 2 is none of the policy's 1 3 5"
    good
    sed -i '3s/\t[^\t]*$/\t-3.0/' "$t/s"
    refuses 's:3: log p is -3, but .* made by another'
    good
    sed -i '$d' "$t/s"
    refuses 'ends after 7 lines, before the record of scene00008'
    good
    sed -i '$p' "$t/s"
    refuses 's:9: scene00008: more records than images'
}

@test "bad rewards" {
    for edit in '3s/\t.*//' '3s/$/\t1/' '3s/\t.*/\tnan/' '3s/\t.*/\tinf/' '3s/\t.*/\tone/' \
        '3s/\t.*/\t/' '3s/scene00003/scene00004/' '3d'; do
        good
        sed -i "$edit" "$t/r"
        refuses 'r:3: ' || {
            echo "$edit"
            return 1
        }
        # play says the same, and says it while it still waits for the rest of its batch.
        cp moved.tar "$t/old.tar"
        run --separate-stderr ir-policy play -c "$t/old.tar" -R "$t/r" --batch 8 -w "$t/old.tar" \
            s/images
        one_line_error 1 "^ir-policy: $t/r:3: "
        cmp moved.tar "$t/old.tar"
    done
    good
    sed -i '$d' "$t/r"
    refuses 'ends after 7 lines, before the record of scene00008'
    run --separate-stderr ir-policy play -c moved.tar -R "$t/r" --batch 8 -w "$t/p.tar" s/images
    one_line_error 1 'ends after 7 lines, before the record of scene00008'
    [[ ! -e $t/p.tar ]]
    good
    sed -i '$p' "$t/r"
    refuses 'r:9: scene00008: more records than images'
}

@test "records of another policy, another batch size, other images" {
    good
    cp "$t/s" "$t/own"
    ir-policy sample -c fresh.tar --batch 8 s/images >"$t/s"
    refuses 's:1: log p is .* made by another'
    cp "$t/own" "$t/s"
    run --separate-stderr ir-policy update -c moved.tar -S "$t/s" -R "$t/r" --batch 4 s/images
    one_line_error 1 's:[1-4]: log p is .* made by another'
    run --separate-stderr ir-policy update -c moved.tar -S "$t/s" -R "$t/r" s/masks/scene00002.pgm
    one_line_error 1 's:1: a record of scene00001, where scene00002 comes next'
}

@test "bad images" {
    pgm 3 2 255 1 2 3 4 5 >"$t/short.pgm"
    run --separate-stderr ir-policy sample -c fresh.tar s/images "$t/short.pgm"
    one_line_error 1 'short'
    run --separate-stderr ir-policy sample -c fresh.tar "$t/missing"
    one_line_error 1 'No such file'
    mkdir "$t/empty"
    run --separate-stderr ir-policy stats -c fresh.tar "$t/empty"
    one_line_error 1 'empty'
    run --separate-stderr ir-policy sample -c fresh.tar </dev/null
    one_line_error 1 ''
}

@test "bad checkpoints" {
    run --separate-stderr ir-policy sample -c "$t/missing.tar" s/images
    one_line_error 1 'No such file'
    ir-train init --net acm --mean 0.5 --std 0.2 >"$t/detector.tar"
    run --separate-stderr ir-policy sample -c "$t/detector.tar" s/images
    one_line_error 1 "detector.tar: a checkpoint of kind 'detector', not 'policy'"
    head -c 700000 fresh.tar >"$t/half.tar"
    run --separate-stderr ir-policy sample -c "$t/half.tar" s/images
    one_line_error 1 '^ir-policy: .*half.tar: '
    # change NAME REPLACEMENT: an archive with that member replaced (or, empty, left out).
    change() {
        rm -rf "$t/x"
        mkdir "$t/x"
        tar xf fresh.tar -C "$t/x"
        (cd "$t/x" && eval "$1" && tar cf "$t/bad.tar" meta ./*/*.npy --transform 's|^\./||')
        run --separate-stderr ir-policy sample -c "$t/bad.tar" s/images
        one_line_error 1 "^ir-policy: $t/bad.tar: .*$2"
    }
    change 'rm param/fc.bias.npy' 'fc.bias'
    change 'cp param/fc.bias.npy param/fc.bios.npy' 'fc.bios'
    change 'cp param/fc.weight.npy param/fc.bias.npy' 'fc.bias'
    change 'sed -i s/strategy/tragedy/ meta' "'tragedy' is not known"
    for severities in '1 3' '3 1 5' '1 3 9' '1 3 5 7' '0 1 2' '1 3 x' '1 3 3' '1 33 5'; do
        change "sed -i 's/severities.*/severities $severities/' meta" 'severities'
    done
    change 'sed -i "s/std.*/std 0/" meta' 'std'
    change 'sed -i "s/seed.*/seed -1/" meta' 'seed'
    change 'sed -i "s/step.*/step many/" meta' 'step'
    change 'sed -i /images/d meta' 'no images'
}

@test "a full disk and a closed pipe" {
    run --separate-stderr bash -c 'ir-policy init >/dev/full'
    one_line_error 1 'No space left on device'
    run --separate-stderr bash -c 'ir-policy sample -c fresh.tar s/images >/dev/full'
    one_line_error 1 'standard output: No space left on device'
    run --separate-stderr bash -c 'ir-policy stats -c fresh.tar s/images >/dev/full'
    one_line_error 1 'standard output: No space left on device'
    good
    run --separate-stderr ir-policy update -c moved.tar -S "$t/s" -R "$t/r" --batch 8 -w /dev/full s/images
    one_line_error 1 '/dev/full: No space left on device'
    mkfifo "$t/pipe"
    : <"$t/pipe" &
    exec 7>"$t/pipe"
    wait $! # not for all: bats has children too
    run --separate-stderr bash -c 'exec 8<&-; ir-policy sample -c fresh.tar s/images >&7'
    exec 7>&-
    one_line_error 1 'standard output: Broken pipe'
}

@test "the trainer dies in the middle: play ends with one line and keeps the old policy" {
    cp moved.tar "$t/p.tar"
    mkfifo "$t/rewards"
    three() {
        for i in 1 2 3; do
            read -r name rest
            printf '%s\t0.5\n' "$name"
        done >"$t/rewards"
    }
    run --separate-stderr bash -c "
        $(declare -f three); t=$t; set -o pipefail
        ir-policy play -c $t/p.tar -R $t/rewards -w $t/p.tar --batch 2 s/images | three"
    one_line_error 1 'ends after 3 lines, before the record of scene00004|Broken pipe'
    cmp moved.tar "$t/p.tar"
}

@test "wrong command lines" {
    run --separate-stderr ir-policy
    usage_error 'a command is missing'
    run --separate-stderr ir-policy learn
    usage_error "'learn' is none of init, sample, update, play, stats"
    while read -r pattern arguments; do
        # shellcheck disable=SC2086
        run --separate-stderr ir-policy $arguments
        usage_error "$pattern" || {
            echo "$arguments"
            return 1
        }
    done <<'END'
-c.is.missing sample s/images
-c.is.missing stats s/images
-S.is.missing update -c fresh.tar -R r s/images
-R.is.missing update -c fresh.tar -S s s/images
-R.is.missing play -c fresh.tar -w p.tar s/images
-w.is.missing play -c fresh.tar -R r s/images
-w.-: play -c fresh.tar -R r -w - s/images
--lag play -c fresh.tar -R r -w p.tar --lag 2 s/images
--lag.does.not.go sample -c fresh.tar --lag 1 s/images
--precision sample -c fresh.tar --precision half s/images
no.operand init s/images
-w.does.not.go sample -c fresh.tar -w p.tar s/images
-S.does.not.go sample -c fresh.tar -S s s/images
--lr.does.not.go stats -c fresh.tar --lr 1 s/images
-r.does.not.go update -c fresh.tar -r 1 -S s -R r s/images
--severities.does.not.go sample -c fresh.tar --severities 1,2,3 s/images
severities init --severities 1,3
severities init --severities 1,3,9
severities init --severities 3,1,5
--strategy sample -c fresh.tar --strategy fog s/images
--baseline update -c fresh.tar --baseline median -S s -R r s/images
--batch sample -c fresh.tar --batch 0 s/images
--lr update -c fresh.tar --lr -1 -S s -R r s/images
--lr update -c fresh.tar --lr nan -S s -R r s/images
--entropy update -c fresh.tar --entropy x -S s -R r s/images
seed init -r -1
-j sample -c fresh.tar -j 0 s/images
standard.input sample -c -
standard.input update -c fresh.tar -S - -R - s/images
standard.input play -c fresh.tar -R - -w p.tar
standard.input sample -c fresh.tar - -
-x sample -x
--fog sample --fog
-c sample -c
END
}

@test "help and version" {
    for help in -h --help 'sample -h'; do
        # shellcheck disable=SC2086
        run ir-policy $help
        [[ $status -eq 0 && $output == 'usage: ir-policy init'* ]]
    done
    for version in -V --version 'update -V'; do
        # shellcheck disable=SC2086
        run ir-policy $version
        [[ $status -eq 0 && $output == 'ir-policy (irtools) '* ]]
    done
}

@test "a policy of finite, huge parameters is refused by name, whatever it is asked" {
    "$PYTHON" - fresh.tar "$t/huge.tar" <<'PYTHON'
import io, sys, tarfile
import numpy as np
with tarfile.open(sys.argv[1]) as old, tarfile.open(sys.argv[2], "w") as new:
    for m in old:
        data = old.extractfile(m).read()
        if m.name != "meta":
            out = io.BytesIO()
            np.save(out, np.full_like(np.load(io.BytesIO(data)), 3e38))
            data = out.getvalue()
        m.size = len(data)
        new.addfile(m, io.BytesIO(data))
PYTHON
    for command in "sample" "stats" "update -S strategies -R rewards -w $t/new.tar" \
        "play -R rewards -w $t/new.tar" "sample --hold jpeg"; do
        # shellcheck disable=SC2086
        run --separate-stderr ir-policy $command -c "$t/huge.tar" --batch 8 s/images
        one_line_error 1 "^ir-policy: scene[0-9]*: the policy's output is not a number$"
        [ -z "$output" ] && [ ! -e "$t/new.tar" ]
    done
}

# know POLICY CORRUPTION...: of the policy the part for these corruptions, the first ones, as a policy
# that knows no others.
know() {
    local from=$1
    shift
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$from" /dev/stdout "
import re
names = '$*'.split()
members['meta'] = re.sub(b'corruptions .*', ('corruptions ' + ' '.join(names)).encode(), members['meta'])
for name in 'param/fc.weight.npy', 'param/fc.bias.npy':
    members[name] = npy(array(name)[:3 * len(names)])"
}

@test "a policy does not choose corruptions that it does not know, and learns without them" {
    cd "$t"
    scenes s -n 6 -s 64x64
    ir-policy init -r 1 > all.tar
    [ "$(tar xOf all.tar meta | sed -n 's/^corruptions //p')" = \
        "$(ir-corrupt --list | awk '!/^#/ && $2 != "camera" { print $1 }' | xargs)" ]
    know all.tar shot-noise jpeg > two.tar # outputs in another order than the table's
    ir-policy sample -c two.tar --batch 6 s/images > strategies
    [ "$(cut -f 2 strategies | sort -u | xargs)" = 'jpeg shot-noise' ]
    awk -F '\t' '{ d = $4 + log(6); if (d * d > 1e-12) exit 1 }' strategies # uniform
    awk -v OFS='\t' '{ print $1, $2 == "jpeg" }' strategies > rewards
    ir-policy update -c two.tar -S strategies -R rewards --batch 6 --lr 0.5 --entropy 0.1 -w new.tar s/images
    [ "$(tar xOf new.tar meta | sed -n 's/^corruptions //p')" = 'shot-noise jpeg' ]
    ir-policy stats -c new.tar --batch 6 s/images > means
    awk -F '\t' '$1 == "jpeg" { jpeg = $5 } $1 == "shot-noise" { other = $5 } NR > 1 { all += $5 }
        END { exit !(jpeg > other && all > 0.99999 && all < 1.00001) }' means
    ir-policy sample -c two.tar --hold jpeg --batch 6 s/images | cut -f 2 | sort -u | grep -qx shot-noise
    run --separate-stderr ir-policy sample -c two.tar --hold jpeg,shot-noise --batch 6 s/images
    [ "$status" = 2 ]
    [[ $stderr == *'every corruption that the policy knows is held'* ]]
}

@test "a policy whose checkpoint names no corruptions knows the first ten; other names are refused" {
    cd "$t"
    scenes s -n 2 -s 64x64
    ir-policy init -r 1 > all.tar
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" all.tar old.tar "
import re
members['meta'] = re.sub(b'corruptions .*\n', b'', members['meta'])"
    ir-policy sample -c old.tar s/images | cmp - <(ir-policy sample -c all.tar s/images)
    for names in 'shot-noise shot-noise' 'shot-noise haze' 'shot-noise snow' 'shot-noise '; do
        "$PYTHON" "$REPO/tests/edit_checkpoint.py" all.tar bad.tar "
import re
members['meta'] = re.sub(b'corruptions .*', b'corruptions $names', members['meta'])"
        run --separate-stderr ir-policy sample -c bad.tar s/images
        one_line_error 1 'bad.tar: .*corruptions'
    done
}
