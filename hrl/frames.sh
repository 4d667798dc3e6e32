# shellcheck shell=bash
# Lists of frames, and where the frames of a list lie in the cache. Read by "." into run.sh, which
# has fail, data, cache and scale, and into convert.sh.

# shellcheck disable=SC2153,SC2154

formats=() # whatever the environment has

# known_extensions: sets formats to what the names of files may end in, in any case, that the programs
# read. Where there is no ir-corrupt to ask, which whoever needs it will say, these are a few.
known_extensions() {
    [ "${#formats[@]}" = 0 ] || return 0
    read -r -d '' -a formats < <(ir-corrupt --formats 2> /dev/null |
        awk -F '\t' '!/^#/ { print $2 }') || true
    [ "${#formats[@]}" != 0 ] || formats=(pgm pbm ppm pnm pam png)
}

# frame_names SET: the names of the frames of train or test, one a line.
frame_names() {
    local list=$data/$1.txt lists

    if [ ! -e "$list" ]; then
        list=$data/img_idx/$1_${data##*/}.txt
    fi
    if [ ! -e "$list" ]; then
        lists=("$data/img_idx/$1_"*.txt)
        list=${lists[0]}
        if [ "${#lists[@]}" != 1 ] || [ ! -e "$list" ]; then
            fail "$data: no $1.txt and no img_idx/$1_NAME.txt"
        fi
    fi
    names_in "$list"
}

# names_in LIST: the names that a list holds, one a line and each line whole. The list may begin
# with a byte-order mark, end without a newline, and have carriage returns, blanks at the ends of
# lines, empty lines, comments, extensions and slashes before names. A name that leads out of its
# directory, or that no record could hold, is refused.
names_in() {
    known_extensions
    [ -r "$1" ] || fail "$1: cannot be read"
    [ -f "$1" ] || fail "$1: not a plain file"
    ! IFS= read -r -d '' _ < "$1" || fail "$1: has zero bytes: not a text of ASCII or UTF-8"
    list=$1 awk -v formats="${formats[*]}" '
        BEGIN { n = split(formats, format) }
        NR == 1 { sub(/^\357\273\277/, "") }
        {
            sub(/[ \t\r\v\f]+$/, "")
            end = tolower($0)
            for (i = 1; i <= n; i++)
                if (end ~ ("\\." format[i] "$")) {
                    $0 = substr($0, 1, length($0) - length(format[i]) - 1)
                    break
                }
            gsub(/\/+/, "/")
            sub(/^\//, "")
        }
        /^$/ || /^#/ { next }
        /[\001-\037\177]/ { wrong = "has a control character in it"; exit }
        ("/" $0 "/") ~ /\/\.\.\// { wrong = "leads out of the directory of the frames: " $0; exit }
        length($0) + 2 * gsub(/[%+]/, "&") > 240 { # file_names makes three bytes of each of these
            wrong = "is longer than 240 bytes"
            exit
        }
        { print }
        END {
            if (wrong) {
                print "hrl.mk: " ENVIRON["list"] ": line " NR " " wrong > "/dev/stderr"
                exit 1
            }
        }' < "$1" || exit
}

# file_names NAME...: sets files to what these frames are called in the cache, where all lie in one
# directory: the programs know an image by its base name alone. So 41/a is 41+a there; a + and a %
# are written as in a URL, so that no two names become one.
file_names() {
    files=("${@//%/%25}")
    files=("${files[@]//+/%2B}")
    files=("${files[@]//\//+}")
}

# known_as LIST [DIR/]: what the programs call the frames of LIST; with DIR/, their files there.
known_as() {
    local names files

    mapfile -t names < "$1"
    [ "${#names[@]}" != 0 ] || return 0
    file_names "${names[@]}"
    printf "%s${2:+.pgm}\n" "${files[@]/#/"${2:-}"}"
}

# paths images|masks LIST: the cached files of the frames of LIST.
paths() {
    local dir=$cache/$1

    [ "$1" != masks ] || dir+=${scale:+-$scale}
    known_as "$2" "$dir/"
}

# find_cache DIRECTORY: sets cache, where the frames of that data directory are kept once converted.
find_cache() {
    local value=$1 sum

    absolute # sets value
    read -r sum _ < <(cksum <<< "$value")
    cache=$CACHE
    [ "$value" = "$DATA" ] || cache+=${CACHE:+/${value##*/}-$sum}
    [ -z "$cache" ] || return 0
    cache=${value##*/}-$sum
    value=$RUN/..
    absolute
    cache=$value/.irtools-cache/$cache
    [ ! -L "$cache" ] || fail "$cache is a link: what was written there would go elsewhere"
}

# cached LIST...: sees to it that the frames and masks of these names are in the cache.
cached() {
    local names list

    [ -n "${cache:-}" ] || find_cache "$DATA"
    names=$(for list; do names_in "$list"; done)
    # shellcheck disable=SC2317 # together calls them
    convert() { bash "$here/convert.sh" "$data" "$cache" "$scale" "$THREADS"; }
    # shellcheck disable=SC2317
    conversion() { printf '%s' "${names:+$names$'\n'}" | member convert; }
    together conversion
}

# shuffled SEED EPOCHS: the lines of standard input, EPOCHS times over, each time in another order that
# depends on SEED alone: Fisher-Yates driven by Park and Miller's minimal standard generator, whose
# products fit a double, so that every awk gives the same.
shuffled() {
    awk -v seed="$1" -v epochs="$2" '
        function below(n) { state = state * 16807 % 2147483647; return state % n }
        { line[NR] = $0 }
        END {
            state = seed % 2147483646 + 1
            for (i = 0; i < 8; i++) below(1)
            for (e = 0; e < epochs; e++) {
                for (i = NR; i > 1; i--) {
                    j = below(i) + 1
                    t = line[i]; line[i] = line[j]; line[j] = t
                }
                for (i = 1; i <= NR; i++) print line[i]
            }
        }'
}

# learning_rate ROUND RATE STEP...: a tenth for every STEP that ROUND is past.
learning_rate() {
    local round=$((10#$1)) rate=$2 step falls=0

    shift 2
    for step; do
        [ "$round" -le $((10#$step)) ] || falls=$((falls + 1))
    done
    awk -v rate="$rate" -v falls="$falls" 'BEGIN { printf "%.9g\n", rate / 10 ^ falls }'
}
