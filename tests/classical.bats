#!/usr/bin/env bats
# ir-detect's classical methods beside Top-Hat, whose own tests are in detect.bats.

# shellcheck disable=SC2154 # bats' run sets status and stderr

load helper

METHODS="mspcm ipi nram pstnn"
ITERATIVE="ipi nram pstnn"

setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data
    load helper
    scenes "$DATA" -n 3 -s 96x70 -r 3 > /dev/null
    scenes "$DATA/large" -n 3 -s 200x160 -r 3 > /dev/null
    mkdir "$DATA/one" # more patches than a decomposition from scratch is quick for
    cp "$(printf '%s\n' "$DATA"/large/images/*.pgm | head -n 1)" "$DATA/one"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# ---- the same numbers as the reference -----------------------------------------------------------

parity() {
    /usr/bin/python3 -c 'import numpy, scipy' 2> /dev/null || skip "python3-scipy is not installed"
    /usr/bin/python3 "$REPO/tests/parity/classical.py" "$@"
}

@test "mspcm agrees with its definition in NumPy" {
    parity mspcm
    parity mspcm "$DATA/images"
}

@test "ipi agrees with its definition in NumPy" {
    parity ipi
    parity ipi "$DATA/images"
    parity ipi "$DATA/one"
}

@test "nram agrees with its definition in NumPy" {
    parity nram
    parity nram "$DATA/images"
    parity nram "$DATA/one"
}

@test "pstnn agrees with its definition in NumPy" {
    parity pstnn
    parity pstnn "$DATA/images"
}

# ---- known answers -------------------------------------------------------------------------------

@test "singular values, from the last ones and from scratch: test-spectrum" {
    run -0 test-spectrum
    [ "$output" = "" ]
}

@test "patches, recovered parts, tensor identities: test-classical" {
    run -0 test-classical
}

# ---- what is found -------------------------------------------------------------------------------

@test "mspcm finds a spot and no edge" {
    # a point of 200 on 50, and everything right of column 14 at 150
    awk 'BEGIN {
        print "P2 24 15 255"
        for (y = 0; y < 15; y++)
            for (x = 0; x < 24; x++)
                print ((x == 6 && y == 7) ? 200 : (x > 14) ? 150 : 50)
    }' > frame.pgm
    # with patches of 3 x 3 all windows that hold the point are as bright; that of 5 x 5 is less so
    ir-detect -m mspcm --largest 3 -t 0.5 --targets frame.pgm | grep -v '^#' > targets
    printf 'frame\t6\t7\t5\t6\t3\t3\t9\t1\n' | diff - targets
    ir-detect -m mspcm -t 0.5 --targets frame.pgm | grep -v '^#' | diff - targets
}

@test "every method finds targets of generated scenes" {
    for method in $METHODS; do
        ir-detect -m "$method" -k 5 "$DATA/large/images" | ir-score --tsv - "$DATA/large/masks" |
            awk -F'\t' 'NR == 2 { print; exit !($3 >= 0.5 && $1 > 0.1) }'
    done
}

# ---- any input -----------------------------------------------------------------------------------

@test "an image without contrast has no targets" {
    ppmmake 'rgb:70/70/70' 9 7 | ppmtopgm > flat.pgm
    ppmmake -maxval 65535 rgb:0000/0000/0000 9 7 | ppmtopgm > black.pgm
    pgm 1 1 255 9 > one.pgm
    for method in $METHODS; do
        for what in "" "-t 0" "-k 0" --soft; do
            # shellcheck disable=SC2086
            for frame in flat.pgm black.pgm one.pgm; do
                ir-detect -m "$method" --strict $what $frame > map.pgm
                samples < map.pgm | tr ' ' '\n' | sort -u > values
                [[ $(xargs < values) == "0 255" ]] # 255 is the maxval
            done
        done
    done
}

@test "the same bytes for any number of threads" {
    for method in $METHODS; do
        ir-detect -m "$method" --soft --depth 16 -j 1 "$DATA/images" "$DATA/masks" > one
        for j in 2 3 8; do
            ir-detect -m "$method" --soft --depth 16 -j $j "$DATA/images" "$DATA/masks" | cmp - one
        done
    done
}

@test "more bits of the same picture give the same mask" {
    for method in $METHODS; do
        for frame in "$DATA"/images/*.pgm; do
            ir-detect -m "$method" "$frame" > shallow
            # 257 times every sample, 65535 for 255
            pamdepth 65535 "$frame" | ir-detect -m "$method" | cmp - shallow
        done
    done
}

@test "an iteration that does not converge says so with -v and fails with --strict" {
    frame=$(printf '%s\n' "$DATA"/images/*.pgm | head -n 1)
    name=$(basename "$frame" .pgm)
    report="residual [0-9.e-]+, [0-9.]+ s"
    for method in $ITERATIVE; do
        ir-detect -m "$method" --strict "$frame" > whole
        run --separate-stderr ir-detect -m "$method" -v --iterations 2 --soft "$frame"
        [ "$status" -eq 0 ]
        grep -Eqx "ir-detect: $name: 2 iterations, $report, no convergence" <<< "$stderr"
        run --separate-stderr ir-detect -m "$method" -v "$frame"
        grep -Eqx "ir-detect: $name: [0-9]+ iterations, $report" <<< "$stderr"
        run --separate-stderr ir-detect -m "$method" --strict --iterations 2 -o out "$frame"
        one_line_error 1 "^ir-detect: $name: no convergence in 2 iterations, residual "
        [[ -z $(ls out) ]]
        rm -r out
    done
}

# solve ARGUMENT...: iterates to a finite residual, in 1000 iterations at most; says the map's maximum.
solve() {
    ir-detect -v --soft -j 1 --iterations 1000 "$@" spot.pgm 2> said > map.pgm
    grep -qE '^ir-detect: spot: [0-9]+ iterations, residual [0-9.]+(e-[0-9]+)?, ' said
    samples < map.pgm | cut -d ' ' -f 2- | tr ' ' '\n' | sort -n | tail -n 1
}

@test "at the ends of a parameter's range an iteration ends, with numbers" {
    cp "$(printf '%s\n' "$DATA"/images/*.pgm | head -n 1)" spot.pgm
    for method in $ITERATIVE; do
        patches="-m $method --patch 10 --step 5"
        # shellcheck disable=SC2086
        {
            [ "$(solve $patches --lambda 1e-6)" = 255 ] # everything is a target
            [ "$(solve $patches --lambda 1e6)" = 0 ]    # nothing
            for more in "--tolerance 1e-12" "--tolerance 1" "--patch 3 --step 1000" "--patch 1000 --step 1"; do
                solve $patches $more
            done
        }
    done
    for lambda in 1e-6 1 1e6; do
        for end in 1e-9 1e3; do solve -m nram --patch 10 --step 5 --gamma $end --lambda $lambda; done
        for end in 1e-9 1; do solve -m pstnn --patch 10 --step 5 --rank-ratio $end --lambda $lambda; done
    done
}

@test "an image whose patches find no room is refused before they are made" {
    awk 'BEGIN { print "P2 1200 1200 255"; for (i = 0; i < 1440000; i++) print i % 251 }' > large.pgm
    for method in ipi nram pstnn; do
        run --separate-stderr ir-detect -m $method --patch 500 --step 1 large.pgm
        one_line_error 1 "^ir-detect: large: $method needs [0-9]* GiB for 1200x1200 pixels, and this "
    done
}

@test "wrong command lines" {
    while read -r -a arguments; do
        run --separate-stderr ir-detect "${arguments[@]}"
        usage_error '^ir-detect: ' || { echo "${arguments[*]}"; return 1; }
        [[ -z $output ]]
    done <<'CASES'
-m mspcm --radius 3 frame.pgm
-m mspcm --patch 50 frame.pgm
-m mspcm --largest 2 frame.pgm
-m mspcm --largest 4.5 frame.pgm
-m top-hat --largest 9 frame.pgm
-m ipi --largest 9 frame.pgm
-m ipi --patch 2 frame.pgm
-m ipi --step 0 frame.pgm
-m ipi --lambda 0 frame.pgm
-m ipi --lambda 1e300 frame.pgm
-m ipi --lambda 1e-300 frame.pgm
-m ipi --lambda nan frame.pgm
-m ipi --tolerance 0 frame.pgm
-m nram --gamma inf frame.pgm
-m pstnn --rank-ratio 1e-300 frame.pgm
-m ipi --iterations 1e18 frame.pgm
-m ipi --tolerance -1 frame.pgm
-m ipi --iterations 0 frame.pgm
-m ipi --gamma 0.1 frame.pgm
-m nram --gamma 0 frame.pgm
-m nram --rank-ratio 0.1 frame.pgm
-m pstnn --rank-ratio 2 frame.pgm
-c net.tar --strict frame.pgm
-c net.tar --largest 9 frame.pgm
CASES
}
