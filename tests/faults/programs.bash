# Faults under one program: system calls that fail, memory that is not there, a disk that is full.
#
# Read by run. Each program makes small things from the reference game; what it writes to files goes
# into out/, what it writes to standard output into stdout.

# shellcheck shell=bash disable=SC2154 # run sets n, seed, work, here

programs=(corrupt policy-init policy train-init train detect pictures score report scenes)

# command_of PROGRAM: sets command.
command_of() {
    local round=ref/run/0001 before=ref/run/0000 options=(-r 1 --batch 2)

    case $1 in
    corrupt) command=(ir-corrupt -n jpeg -s 3 -r 1 -j 2 -o out "@$round/images.list.here") ;;
    policy-init) command=(ir-policy init -r 1 -w out/policy.tar) ;;
    policy)
        command=(ir-policy play -c "$before/policy.tar" -w out/policy.tar -R "$round/rewards"
            --strategy hrl "${options[@]}" --lr 0.01 "@$round/images.list.here")
        ;;
    train-init) command=(ir-train init --net acm -r 1 -w out/detector.tar "@$round/images.list.here") ;;
    train)
        command=(ir-train -c "$before/detector.tar" -w out/detector.tar --log out/log --crop 32
            "${options[@]}" -j 1 "@$round/images.list.here" "@$round/masks.list.here")
        ;;
    detect) command=(ir-detect -c "$round/detector.tar" -j 2 -o out "@$round/images.list.here") ;;
    pictures) command=(ir-detect -m top-hat -j 2 --png -o out --overlay out/looks png) ;;
    score) command=(ir-score --tsv "@$round/masks.list.here" "@$round/masks.list.here") ;;
    report) command=(ir-score report -o out/report.html ref/run) ;;
    scenes) command=(ir-scenes -n 2 -t 1 -s 64x64 -o out) ;;
    esac
}

# prepare_programs: what each writes when nothing happens, in want/PROGRAM. The lists of the game
# name its temporary directories no more than the cache.
prepare_programs() {
    local file program

    [ ! -d want ] || return 0
    for file in ref/run/0001/{images,masks}.list; do cp "$file" "$file.here"; done
    ir-corrupt -n none --png -o png @ref/run/0001/images.list.here
    for program in "${programs[@]}"; do
        command_of "$program"
        mkdir -p out "want/$program"
        "${command[@]}" > stdout 2> err < /dev/null ||
            { echo "tests/faults/run: ${command[*]}: $(cat err)" >&2 && return 1; }
        mv stdout out "want/$program"
    done
}

# judge PROGRAM RESULT: sets wrong from how the program ended and what it left.
judge() {
    local file lines want=want/$1 known

    wrong=''
    lines=$(grep -c '' err)
    case $2 in
    0)
        diff -r -x log out "$want/out" > /dev/null || wrong='ended with 0, but wrote something else'
        cmp -s stdout "$want/stdout" || wrong='ended with 0, but printed something else'
        ;;
    1 | 127) [ "$lines" = 1 ] || wrong="$lines lines said: $(head -n 2 err | tr '\n' '|')" ;;
    124 | 137) wrong='it hangs' ;;
    *) wrong="ended with $2: $(head -n 2 err | tr '\n' '|')" ;;
    esac
    # the log is appended to, line by line
    for file in $(find out -type f ! -name log -printf '%P\n'); do
        known=$want/out/$file
        cmp -s "out/$file" "$known" || wrong="ended with $2 and left $file, not whole"
    done
}

# with COMMAND...: runs the program's command under another; sets result. What it says comes through a
# pipe, so that a limit on files does not cut it.
with() {
    rm -rf out && mkdir out
    { timeout -k 5 20 "$@" "${command[@]}" 2>&1 > stdout < /dev/null | cat > err; } 2> /dev/null
    result=${PIPESTATUS[0]}
}

# some MOST SEED: at most n numbers from 1 to MOST, all of them or at random.
some() {
    awk -v most="$1" -v n="$n" -v seed="$2" 'BEGIN {
        srand(seed)
        for (i = 1; i <= most && most <= n; i++) print i
        while (most > n && found < n) {
            i = 1 + int(most * rand())
            if (!(i in seen)) { seen[i]; found++; print i }
        }
    }'
}

# ---- system calls --------------------------------------------------------------------------------

# "CALL ERROR..." each: what files may do, and what there may be too little of, where libraries have
# their own say. (Not ENOENT: a file that is not there is another input.)
file_calls=('read EINTR EIO' 'write EINTR EIO ENOSPC' 'openat EINTR EMFILE EIO' 'rename,renameat EIO'
    'fsync EIO ENOSPC' 'syncfs EIO ENOSPC' 'unlink,unlinkat EIO')
other_calls=('mmap ENOMEM' 'clone3 EAGAIN')

# Its filter lets all other calls pass at their own speed.
tracer=(strace -f --seccomp-bpf -qq -o trace)

# most_calls CALL: of all threads of the program the most calls that one makes.
most_calls() {
    with "${tracer[@]}" -e "trace=$1"
    awk '{ if (++n[$1] > most) most = n[$1] } END { print most + 0 }' trace
}

# failing_calls PART CALL...: a row for each program and call.
failing_calls() {
    local program kind call error most i errors result

    if ! "${tracer[@]}" true 2> /dev/null; then
        skip "$1" 'no strace that may trace'
        return
    fi
    prepare_programs || return 0
    for program in "${programs[@]}"; do
        command_of "$program"
        for kind in "${@:2}"; do
            read -r call errors <<< "$kind"
            most=$(most_calls "$call")
            for error in $errors; do
                for i in $(some "$most" "$RANDOM"); do
                    with "${tracer[@]}" -e "trace=$call" -e "inject=$call:error=$error:when=$i"
                    judge "$program" "$result"
                    judged "strace -f -e inject=$call:error=$error:when=$i ${command[*]}"
                done
            done
            [ "$most" = 0 ] || row "$1" "$program: $errors at one of $most $call"
        done
    done
}

part_calls() {
    failing_calls calls "${file_calls[@]}"
}

part_resources() {
    failing_calls resources "${other_calls[@]}"
}

# ---- memory --------------------------------------------------------------------------------------

# no_memory PART [VARIABLE=VALUE]: a row for each program.
no_memory() {
    local program most i result library=${IR_BIN:-$here/../../build/bin}/nomem.so

    [ -e "$library" ] || { skip "$1" "no $library (make tests)" && return; }
    prepare_programs || return 0
    for program in "${programs[@]}"; do
        command_of "$program"
        with env "LD_PRELOAD=$library" "${@:2}" "NOMEM_COUNT=$work/count" \
            "NOMEM_PROGRAM=${command[0]}"
        most=$(cat count)
        for i in $(some "$most" "$RANDOM"); do
            with env "LD_PRELOAD=$library" "${@:2}" "NOMEM_AT=$i" "NOMEM_PROGRAM=${command[0]}"
            judge "$program" "$result"
            judged "LD_PRELOAD=nomem.so ${*:2} NOMEM_AT=$i NOMEM_PROGRAM=${command[0]} ${command[*]}"
        done
        row "$1" "$program: one of $most calls of malloc() fails"
    done
}

part_malloc() {
    no_memory malloc NOMEM_OWN=1
}

# Some libraries end the program in their own way.
part_malloc_libraries() {
    no_memory malloc-libraries
}

part_memory() {
    local program i most result

    prepare_programs || return 0
    for program in "${programs[@]}"; do
        command_of "$program"
        most=$(peak_memory)
        for ((i = 1; i <= n; i++)); do
            with bash -c "ulimit -v $((most * i / n)); exec \"\$@\"" bash
            judge "$program" "$result"
            judged "ulimit -v $((most * i / n)); ${command[*]}"
        done
        row memory "$program: a limit on memory from $((most / n)) to $most KiB"
    done
}

# peak_memory: the address space that the program takes, in KiB.
peak_memory() {
    local limit=65536

    while with bash -c "ulimit -v $limit; exec \"\$@\"" bash && [ "$result" != 0 ]; do
        limit=$((limit * 3 / 2))
        [ "$limit" -lt 67108864 ] || break
    done
    echo "$limit"
}

# ---- a full disk ---------------------------------------------------------------------------------

part_disk_programs() {
    local program i size most result

    mkdir -p disk
    mount -t tmpfs -o size=1M none disk 2> /dev/null ||
        { skip disk-programs 'no root, no tmpfs' && return; }
    umount disk
    prepare_programs || return 0
    for program in "${programs[@]}"; do
        command_of "$program"
        command=("${command[@]/#out/disk/out}")
        most=$(du -sk "want/$program/out" | cut -f 1)
        [ "$program" != score ] || continue
        for ((i = 0; i <= n; i++)); do
            size=$((4 * (2 + most / 4 * i / n)))
            mount -t tmpfs -o size=${size}k none disk
            mkdir disk/out && rm -rf out
            timeout 20 "${command[@]}" > stdout 2> err < /dev/null
            result=$?
            cp -r disk/out out
            umount disk
            judge "$program" "$result"
            [ "$result" != 1 ] || grep -q 'No space left' err || wrong="said: $(cat err)"
            judged "on a disk of $size KiB: ${command[*]}"
        done
        row disk-programs "$program: a full disk of up to $size KiB"
    done
}

# ---- files that may not be larger ----------------------------------------------------------------

# A limit to the byte: what is written ends there, in the middle of a write.
part_bytes() {
    local program i most result

    prepare_programs || return 0
    for program in "${programs[@]}"; do
        command_of "$program"
        most=$(find "want/$program" -type f -printf '%s\n' | sort -n | tail -n 1)
        for i in $(some "$most" "$RANDOM"); do
            with prlimit --fsize="$((i - 1))"
            judge "$program" "$result"
            [ "$result" != 0 ] || wrong='ended with 0, though its largest file cannot be there'
            judged "prlimit --fsize=$((i - 1)) ${command[*]}"
        done
        row bytes "$program: no file of more than 0 to $((most - 1)) bytes"
    done
}
