#!/usr/bin/env bats
# common/base: messages, numbers, clean-up, random numbers, the pipeline.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "a message is one line whatever it holds" {
    run --separate-stderr test-base die $'a\nname\twith\x1b[1m'
    one_line_error 1 '^test-base: a\?name\?with\?\[1m$'
    run --separate-stderr test-base usage "what is wrong"
    usage_error '^test-base: what is wrong$'
    run --separate-stderr test-base warn "a thing"
    one_line_error 0 '^test-base: a thing$'
}

@test "what a terminal would obey is shown as question marks, other writing as it is" {
    # C1 (as a byte and as UTF-8), a turned reading direction, a line's end of Unicode's, half a
    # character, an overlong escape
    run --separate-stderr test-base die \
        $'a\x9b1mb \xc2\x9b1m \xe2\x80\xaeabc\xe2\x81\xa6 \xe2\x80\xa8 \xe2\x82 \xe0\x80\x9b[1m'
    one_line_error 1 '^test-base: a\?1mb \?1m \?abc\? \? \?\? \?\?\?\[1m$'
    run --separate-stderr test-base warn $'\xe5\x85\x86\xc3\xa9\xf0\x9f\x98\x80 \xe2\x80\xa7\xe2\x80\xaf'
    [ "$stderr" = $'test-base: \xe5\x85\x86\xc3\xa9\xf0\x9f\x98\x80 \xe2\x80\xa7\xe2\x80\xaf' ]
}

@test "help and version go to standard output" {
    run --separate-stderr test-base help
    [ "$status" -eq 0 ] && [ "$output" = "usage: test-base" ] && [ -z "$stderr" ]
    run --separate-stderr test-base version
    [ "$status" -eq 0 ] && [ "$output" = "test-base (irtools) 0.1.0" ]
}

@test "numbers are whole arguments within their range" {
    [ "$(test-base number -5)" = -5 ]
    [ "$(test-base number 99)" = 99 ]
    [ "$(test-base real 2.5)" = 2.5 ]
    [ "$(test-base real -1e0)" = -1 ]
    [ "$(test-base seed 18446744073709551615)" = 18446744073709551615 ]
    for bad in 100 -6 "" " 5" 5x 1.5 99999999999999999999 nan; do
        run --separate-stderr test-base number "$bad"
        usage_error "^test-base: --some: '$bad' is not a whole number from -5 to 99$"
    done
    for bad in 2.6 -1.1 "" " 1" 1x nan inf; do
        run --separate-stderr test-base real "$bad"
        usage_error "^test-base: --some: '$bad' is not a number from -1 to 2.5$"
    done
    for bad in -1 "" 1x 18446744073709551616; do
        run --separate-stderr test-base seed "$bad"
        usage_error "^test-base: seed: '$bad' is not"
    done
}

@test "threads by default: the processors of the affinity mask" {
    one=$(taskset -cp $$ | sed 's/.*[ ,-]//')
    [ "$(taskset -c "$one" test-base threads)" = 1 ]
    [ "$(test-base threads)" -le "$(nproc)" ]
}

@test "a control group's quota limits the processors, of either version, wherever it is set" {
    quota() { test-base quota groups root; }
    mkdir -p root/a/b root/cpu/c/d
    echo 0::/a/b > groups
    [ "$(quota)" = inf ]
    echo max 100000 > root/a/b/cpu.max
    [ "$(quota)" = inf ]
    echo 150000 100000 > root/a/b/cpu.max
    [ "$(quota)" = 1.5 ]
    echo 50000 100000 > root/a/cpu.max # of the group around it
    [ "$(quota)" = 0.5 ]
    echo 400000 100000 > root/a/cpu.max
    [ "$(quota)" = 1.5 ]
    # a path of the host, which the container does not see: its own group is the root
    echo 0::/docker/0123 > groups
    echo 200000 100000 > root/cpu.max
    [ "$(quota)" = 2 ]
    rm root/cpu.max
    printf '9:memory:/a\n4:cpuacct,cpu:/c/d\n3:cpuset:/a/b\n' > groups
    [ "$(quota)" = inf ]
    echo -1 > root/cpu/c/cpu.cfs_quota_us
    echo 100000 > root/cpu/c/cpu.cfs_period_us
    [ "$(quota)" = inf ]
    echo 300000 > root/cpu/c/cpu.cfs_quota_us
    [ "$(quota)" = 3 ]
    echo what > root/cpu/c/cpu.cfs_quota_us
    [ "$(quota)" = inf ]
    rm groups
    [ "$(quota)" = inf ]
}

@test "a choice is one of its names" {
    [ "$(test-base choice two)" = 1 ]
    run --separate-stderr test-base choice four
    usage_error "^test-base: --some: 'four' is none of one, two, three$"
}

@test "a full disk and a closed pipe are errors with their reason" {
    run --separate-stderr bash -c 'test-base flood > /dev/full'
    one_line_error 1 '^test-base: standard output: No space left on device$'
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'test-base flood | head -n 1 > /dev/null; exit "${PIPESTATUS[0]}"'
    one_line_error 1 '^test-base: standard output: Broken pipe$'
    run --separate-stderr bash -c 'test-base version > /dev/full'
    one_line_error 1 '^test-base: standard output: No space left on device$'
}

@test "a closed standard output is an error" {
    run --separate-stderr bash -c 'test-base version >&-'
    one_line_error 1 '^test-base: standard output: Bad file descriptor$'
}

@test "unfinished files are removed however a program ends, kept ones stay" {
    for how in return:0 exit:3 die:1 usage:2; do
        run --separate-stderr test-base finish "${how%:*}" half whole
        [ "$status" -eq "${how#*:}" ]
        [ ! -e half ]
        [ -e whole ]
        rm whole
    done
}

@test "SIGINT, SIGTERM and SIGHUP remove unfinished files and keep their meaning" {
    for signal in INT TERM HUP; do
        mkfifo "answer.$signal"
        # the shell has its background jobs ignore SIGINT
        env --default-signal="$signal" test-base wait "half.$signal" > "answer.$signal" 3>&- &
        read -r word < "answer.$signal"
        [ "$word" = ready ]
        [ -e "half.$signal" ]
        kill -s "$signal" $!
        code=0
        wait $! || code=$?
        [ "$code" -eq $((128 + $(kill -l "$signal"))) ]
        [ ! -e "half.$signal" ]
    done
}

@test "standard input can be taken once" {
    run --separate-stderr test-base twice < /dev/null
    usage_error "standard input \('-', or no image\) can be read once only"
}

@test "philox gives the published blocks" {
    run test-philox known
    [ "${lines[0]}" = "6627e8d5 e169c58d bc57ac4c 9b00dbd8" ]
    [ "${lines[1]}" = "408f276d 41c83b0e a20bc7c6 6d5451fd" ]
    [ "${lines[2]}" = "d16cfe09 94fdcceb 5001e420 24126ea1" ]
}

@test "distributions have their moments and shapes" {
    run test-philox statistics
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 47 ]
}

@test "a stream depends on seed, purpose, item and occurrence, and on nothing else" {
    first=$(test-philox draw 7 noise frame 0)
    [ "$first" = "$(test-philox draw 7 noise frame 0)" ]
    {
        echo "$first"
        test-philox draw 8 noise frame 0
        test-philox draw 7 angle frame 0
        test-philox draw 7 noise frame2 0
        test-philox draw 7 noise frame 1
        test-philox draw 7 nois eframe 0
    } | tr ' ' '\n' | sort | uniq -d > same
    [ ! -s same ]
    # The words themselves: files made with a seed stay what they are from release to release.
    [ "$(test-philox draw 1 p a 0)" = "82793be0 fa275d7c 8d7b3b51 f3300b51 \
ea67a290 d4393603 7609ea28 4f59b856" ]
}

@test "a name counter counts each name on its own" {
    awk 'BEGIN { for (i = 0; i < 3000; i++) print i % 1000 % (i < 1000 ? 1000 : 900) }' > names
    test-base count-names < names > counted
    awk '{ print $1, n[$1]++ + 0 }' names > expected
    cmp counted expected
}

# Passes over numbered names, whole, torn or side by side, among names that only look like it.
numbered_names() {
    awk 'BEGIN {
        srand(1)
        split("a b stdin a#2 c#1 c", base)
        split("#1 #2 a# # a#1x a##2 a#0 a#01 a#02 a#123456789012345678 a#1234567890123456789", odd)
        for (i = 0; i < 3000; i++) {
            name = base[1 + int(6 * rand())]
            kind = rand()
            if (kind < 0.5) {
                first = 1 + int(4 * rand())
                last = first + int(12 * rand())
                if (first == 2) print name
                for (k = first; k <= last; k++) print name "#" k
            } else if (kind < 0.8)
                print name "#" int(16 * rand())
            else
                print odd[1 + int(11 * rand())]
        }
        for (k = 1; k < 200; k++) print "p#" k "\nq#" k + 1
    }'
}

@test "a name counter counts numbered names as it counts any" {
    numbered_names > names
    [ "$(wc -l < names)" -gt 8000 ]
    test-base count-names < names > counted
    awk '{ print $0, n[$0]++ + 0 }' names > expected
    cmp counted expected
}

@test "a name counter's memory stays as it is however many images come from one file" {
    [ -z "${IR_ASAN:-}" ] || skip "a sanitizer needs memory of its own"
    for n in 100 1000000; do
        seq -f 'stdin#%.0f' $n > names
        bench-measure peak test-base count-names < names | tail -n 1 | grep -qx "stdin#$n 0"
    done
    cat peak
    awk '{ peak[NR] = $3 } END { exit !(peak[2] < peak[1] + 0.5) }' peak
}

@test "a pipeline gives the same lines in the same order for any number of threads" {
    seq 500 > lines
    test-base pipeline 1 < lines > one
    [ "$(wc -l < one)" -eq 500 ]
    cut -d ' ' -f 1 one | cmp - lines
    for threads in 2 3 8 here; do
        test-base pipeline $threads < lines | cmp - one
    done
    [ -z "$(test-base pipeline 4 < /dev/null)" ]
}

@test "an item is written before the reader waits for the next one" {
    for threads in 1 4 here; do
        mkfifo "in.$threads" "out.$threads"
        timeout 60 test-base pipeline $threads < "in.$threads" > "out.$threads" 3>&- &
        exec 8> "in.$threads" 9< "out.$threads"
        for i in 1 2 3 4 5 6 7 8 9 10; do
            echo $i >&8
            read -r -t 20 number _ <&9
            [ "$number" = $i ]
        done
        exec 8>&-
        wait $!
        exec 9<&-
    done
}

@test "with the work in the caller's thread the next items are read meanwhile" {
    mkfifo gate said
    seq 3 | timeout 60 test-base ahead gate > out 2> said 3>&- &
    exec 9< said
    for i in 1 2 3; do # while the first is worked on
        read -r -t 20 line <&9
        [ "$line" = "read $i" ]
    done
    [ ! -s out ]
    : > gate
    wait $!
    exec 9<&-
    [ "$(cut -d ' ' -f 1 out | tr '\n' ' ')" = "1 2 3 " ]
}

@test "when an item fails, all before it are written, and only they" {
    seq 40 > lines
    test-base pipeline 1 < lines > whole
    for threads in 1 2 8 here; do
        for fail in 1 20 40; do
            run --separate-stderr test-base pipeline $threads $fail < lines
            printf '%s\n' "${output:--}" | cmp - <([ $fail = 1 ] && echo - || head -n $((fail - 1)) whole)
            output='' one_line_error 1 "^test-base: $fail: cannot be worked on\$"
        done
    done
}

@test "a worker that fails ends the program while the reader is blocked" {
    for threads in 1 4 here; do
        mkfifo "in.$threads"
        timeout 20 test-base pipeline $threads 3 < "in.$threads" > out 2> err 3>&- &
        exec 9> "in.$threads"
        seq 3 >&9
        status=0
        wait $! || status=$?
        exec 9>&-
        stderr=$(cat err)
        one_line_error 1 '^test-base: 3: cannot be worked on$'
    done
}

@test "sums in pairs of doubles do not depend on their order, and are exact" {
    test-base pairs | tee sums
    read -r up down < sums
    [ "$up" = "$down" ]
    # doubles by themselves see the order
    # shellcheck disable=SC2016
    run ! awk 'NR == 2 { exit $1 != $2 }' sums
    "$PYTHON" - "$up" "$(tail -n 1 sums)" <<- 'PYTHON'
		import math, sys
		from fractions import Fraction
		sum = sum(Fraction(math.sin(i) * 10.0 ** (i % 17)) * Fraction(0.1) * 3 for i in range(2000))
		assert float(sum) == float(sys.argv[1]), float(sum)
		assert float(sum / 2000) == float(sys.argv[2]), float(sum / 2000)
	PYTHON
}
