# shellcheck shell=bash
# The knobs of hrl.mk: what each may look like, and what it is in this call: what was given to make,
# what RUN/knobs recorded, or its default. Read by "." into run.sh.
#
# make hands over what it was given in the environment, letter by letter. Neither make nor a shell
# ever takes a value for its own text, and none goes further before it was checked.

# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # the recipes read the knobs

# Those that shape a run, in the order in which they are recorded, and all others.
shapes=(DATA INIT VAL STRATEGY NET LAMBDA BATCH EPOCHS SEED SEVERITIES HOLD CROP LR LR_STEPS
    LR_SCHEDULE EMA NORMALISE LOSS REWARD POLICY_LR ENTROPY MAXVAL RESIZE_MASKS INIT_OPTIONS TRAIN_OPTIONS POLICY_OPTIONS)
recorded=("${shapes[@]}" ROUNDS)
knobs=(RUN "${recorded[@]}" KEEP DEVICE THREADS MPIRUN PARALLEL CACHE CHECKPOINT METHOD TEST FAMILIES TABLE RUNS METRIC REPORT)

# The kind of each knob's value (see fits), and a default; "-" before a kind: it may be empty.
declare -A kind=(
    [RUN]=path [DATA]=-absolute [INIT]=-absolute [VAL]=-absolute [CACHE]=-absolute [TEST]=-paths
    [CHECKPOINT]=-file [TABLE]=-file [REPORT]=-file [RUNS]=-file
    [STRATEGY]='one none random noise blur isp hrl' [RESIZE_MASKS]='-one nearest'
    [NET]=word [DEVICE]=word [METHOD]=-word [METRIC]=word
    [LR_SCHEDULE]='one steps cosine' [EMA]=-number
    [NORMALISE]='one set image' [LOSS]='one soft-iou soft-iou+bce' [REWARD]='one loss rise'
    [LAMBDA]=number [LR]=number [POLICY_LR]=number [ENTROPY]=number
    [ROUNDS]='whole 0 4' [EPOCHS]='whole 1 4' [KEEP]='-whole 1 4' [THREADS]='whole 1 4'
    [SEED]='whole 0 14' [BATCH]='whole 1 6' [CROP]='whole 1 6' [MAXVAL]='-whole 1 5'
    [MPIRUN]=-command [PARALLEL]=-command [HOLD]=-list [FAMILIES]='some clean noise blur isp camera'
    [SEVERITIES]='wholes 1 1' [LR_STEPS]='-wholes 0 4'
    [INIT_OPTIONS]=-options [TRAIN_OPTIONS]=-options [POLICY_OPTIONS]=-options)
declare -A default=(
    [RUN]=run [STRATEGY]=hrl [NET]=acm [LAMBDA]=1 [BATCH]=16 [EPOCHS]=3 [SEED]=1
    [SEVERITIES]='1 3 5' [CROP]=256 [LR]=1e-3 [LR_SCHEDULE]=steps [NORMALISE]=set [LOSS]=soft-iou [REWARD]=loss
    [POLICY_LR]=1e-2 [ENTROPY]=0.2 [ROUNDS]=50
    [DEVICE]=auto [METRIC]=iou [FAMILIES]='noise blur isp camera')

# ---- what a value may look like ------------------------------------------------------------------

# checked WHERE KNOB VALUE: sets value to VALUE, its blanks and path put in order, if it is one for
# that knob; or says what is wrong with it, after WHERE.
checked() {
    local may=${kind[$2]} wrong='' words

    value=$3
    [[ $value != *[[:cntrl:]]* ]] || fail "$1$2 has a control character in it: $value"
    if [[ $may != *file ]]; then
        IFS=' ' read -ra words <<< "$value" || true
        value=${words[*]}
    fi
    [[ $may != -* || -n $value ]] || return 0
    # shellcheck disable=SC2086 # a kind and its operands
    fits ${may#-}
    [ -z "$wrong" ] || fail "$1$2 $wrong"
}

# fits KIND OPERAND...: sets wrong unless value is of that kind.
fits() {
    local word format is="is \"$value\": not"

    case $1 in
    one) [[ " ${*:2} " = *" $value "* ]] || wrong="$is ${*:2}" ;;
    some)
        [ -n "$value" ] || wrong='is empty'
        for word in "${words[@]}"; do
            [[ " ${*:2} " = *" $word "* ]] || wrong="$is among ${*:2}"
        done
        ;;
    list)
        format='^[a-z][a-z, -]*$'
        [[ $value =~ $format ]] || wrong="$is names between blanks or commas"
        ;;
    word) [[ $value =~ ^[A-Za-z0-9][A-Za-z0-9:_.-]*$ ]] || wrong="$is a word" ;;
    number)
        format='^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$'
        [[ $value =~ $format ]] || wrong="$is a number"
        ;;
    whole)
        whole "$value" "$2" "$3" ||
            wrong="$is a whole number from $2 on of at most $3 digits"
        ;;
    wholes)
        for word in "${words[@]:-none}"; do
            whole "$word" "$2" "$3" || wrong="$is whole numbers from $2 on of at most $3 digits"
        done
        ;;
    path) fits_path "$value" ;;
    absolute)
        absolute
        fits_path "$value"
        ;;
    paths) for word in "${words[@]}"; do fits_path "$word"; done ;;
    file) [[ $value != -* ]] || wrong="begins with -: $value" ;;
    options) fits_options ;;
    command)
        if [[ $value =~ [^A-Za-z0-9.,:+_=@%/\ -] ]]; then
            wrong="has ${BASH_REMATCH[0]} in it: $value"
        elif [[ $value = -* ]]; then
            wrong="begins with -: $value"
        fi
        ;;
    esac
}

# whole TEXT LEAST DIGITS: it is a whole number from LEAST on, of so many digits at most.
whole() {
    [[ $1 =~ ^[0-9]+$ && ${#1} -le $3 ]] && [ $((10#$1)) -ge "$2" ]
}

# fits_path PATH: sets wrong if it has a character that means something in a rule of make, a pattern
# or a list of names.
fits_path() {
    local odd=']:%;=&|<>(){}[*?!~`'\''"$\#'

    if [ -z "$1" ]; then
        wrong='is empty'
    elif [[ $1 = *' '* ]]; then
        wrong="has a blank in it: $1"
    elif [[ $1 = -* ]]; then
        wrong="begins with -: $1"
    elif [[ $1 =~ [$odd] ]]; then
        wrong="has ${BASH_REMATCH[0]} in it: $1"
    fi
}

# fits_options: sets wrong unless value is options of a program that begin with -- and their
# arguments, none of which names a file.
fits_options() {
    local word option file

    if [[ $value =~ [^A-Za-z0-9.,:+_=\ -] ]]; then
        wrong="has ${BASH_REMATCH[0]} in it: $value"
    fi
    [[ $value = --* ]] || wrong=${wrong:-"is \"$value\": not options that begin with --"}
    for word in "${words[@]}"; do
        option=${word%%=*}
        [[ $word =~ ^--[a-z] || $word =~ ^-?[^-] && ! $word =~ ^-[A-Za-z] ]] ||
            wrong=${wrong:-"has $word in it: not an option that begins with --"}
        for file in checkpoint corrupted log output rewards strategies write; do
            [[ $option != --* || --$file != "$option"* ]] ||
                wrong=${wrong:-"has $word in it: the files are for hrl.mk to name"}
        done
    done
}

# absolute: makes value a path from the root, without . and .. .
absolute() {
    local part path='' parts

    [[ $value = /* ]] || value=$PWD/$value
    IFS=/ read -ra parts <<< "$value"
    for part in "${parts[@]}"; do
        case $part in
        '' | .) ;;
        ..) path=${path%/*} ;;
        *) path+=/$part ;;
        esac
    done
    value=${path:-/}
}

# ---- what they are -------------------------------------------------------------------------------

declare -A given=() record=()
for knob in "${knobs[@]}"; do
    [[ ! -v $knob ]] || given[$knob]=${!knob}
done
unset knob

# read_knobs [RUN]: sets every knob, checked, and record, what the run began with.
read_knobs() {
    local knob value

    use_run "${1:-${given[RUN]-${default[RUN]}}}"
    for knob in "${knobs[@]:1}"; do
        if [[ -v given[$knob] ]]; then
            checked '' "$knob" "${given[$knob]}"
        else
            value=${record[$knob]:-${default[$knob]:-}}
        fi
        printf -v "$knob" %s "$value"
    done
    data=$DATA scale=$RESIZE_MASKS
}

# use_run DIRECTORY: sets RUN, that without slashes at its end, and record, the knobs that it began with
# if it did.
use_run() {
    RUN=${1%"${1##*[!/]}"}
    checked '' RUN "$RUN"
    [ ! -e "$RUN/run.sh" ] || fail "RUN: $RUN is where the scripts of hrl.mk are"
    only_files
    record=()
    [ ! -d "$RUN/0000" ] || read_record
}

# only_files: what a run consists of is files and directories. A link in its place would have others'
# files written or read, a FIFO would be waited for.
only_files() {
    local file

    [ -d "$RUN" ] || return 0
    file=$(find "$RUN"/{knobs,*.tar,*.tsv,*.html,.*lock,[0-9][0-9][0-9][0-9],scored} \
        ! -type f ! -type d -print -quit 2> /dev/null) || true
    [ -z "$file" ] || fail "$file: neither a file nor a directory, of which alone a run consists"
}

# read_record: record from RUN/knobs, which may come from anybody.
read_record() {
    local line knob value

    [ -f "$RUN/knobs" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        knob=${line%% *}
        [[ " ${recorded[*]} " = *" $knob "* && $line = *' '* ]] || continue
        [[ ! -v record[$knob] ]] || fail "$RUN/knobs: $knob comes twice"
        line=${line#* }
        record[$knob]=''
        [ -z "$line" ] || { checked "$RUN/knobs: " "$knob" "$line"; record[$knob]=$value; }
    done < "$RUN/knobs"
}

# check_knobs GOALS: reads them, refuses those that do not go together or contradict the run that is to
# be trained, and says what make has to know: the run and the numbers of its rounds.
check_knobs() {
    local goal training='' knob value

    read_knobs
    for goal in $1; do
        case $goal in
        show | compare | seeds | report | watch | help) continue ;;
        train | "$RUN"/*) training=1 ;;
        esac
        check_data
    done
    [ -z "$METHOD" ] || [ -z "${DETECT:-}$CHECKPOINT" ] ||
        fail 'METHOD does not go with CHECKPOINT or DETECT'
    [ "$LR_SCHEDULE" = steps ] || [ -z "$LR_STEPS" ] ||
        fail "LR_STEPS does not go with LR_SCHEDULE=$LR_SCHEDULE"
    [ -z "$training" ] || [ -z "$MPIRUN" ] || command -v -- "${MPIRUN%% *}" > /dev/null ||
        fail "MPIRUN: ${MPIRUN%% *}: not found in PATH"
    [[ " $1 " != *' robustness '* ]] || [ -z "$PARALLEL" ] || command -v -- "${PARALLEL%% *}" > /dev/null ||
        fail "PARALLEL: ${PARALLEL%% *}: not found in PATH"
    if [ -n "$training" ] && [ -d "$RUN/0000" ]; then
        for knob in "${shapes[@]}"; do
            value=${record[$knob]:-${default[$knob]:-}}
            [ "${!knob}" = "$value" ] ||
                fail "$knob is \"${!knob}\" here but \"$value\" in $RUN"
        done
    fi
    printf 'ok %s' "$RUN"
    printf ' %04d' $(seq 0 "$ROUNDS")
}

# check_data: the directories of frames are there.
check_data() {
    local directory

    [ -n "$DATA$TEST" ] || fail 'DATA is missing: the directory of the frames'
    for directory in $TEST; do
        [ -d "$directory" ] || fail "TEST: no directory $directory"
    done
    [ -z "$DATA" ] || [ -d "$DATA" ] || fail "DATA: no directory $DATA"
}

# record_knobs: writes RUN/knobs.
record_knobs() {
    local knob

    for knob in "${recorded[@]}"; do printf '%s %s\n' "$knob" "${!knob}"; done | put "$RUN/knobs"
}

# told: the command that the run began with.
told() {
    local knob value

    printf 'make -f hrl.mk'
    for knob in RUN "${recorded[@]}"; do
        if [ "$knob" = RUN ] || [[ -v given[$knob] ]]; then
            value=${!knob}
            [[ $value != *' '* ]] || value="'$value'"
            printf ' %s' "$knob=$value"
        fi
    done
    echo
}
