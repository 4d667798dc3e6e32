#!/bin/bash
# convert.sh DATA CACHE SCALE THREADS < names: frames and masks of DATA that every program reads.
#
# CACHE/images/NAME.pgm is the frame, as grey as every program would make it, of the depth it had; a
# Netpbm file is linked to. CACHE/masks/NAME.pgm (masks-nearest/ with SCALE "nearest") is its mask, of
# the frame's size: what in it is true the programs say. ir-corrupt reads both, so a set may have all
# formats that the programs read. What is there and carries the time of its source is left alone.
# Files are made under another name and renamed: a stopped conversion can be taken up again, and
# several may go on at once. For every frame and mask in trouble there is a line on standard error,
# when all others are converted.
#
# With names as further operands those alone are converted, by this process.

set -euo pipefail
shopt -s nullglob
# shellcheck source=hrl/frames.sh
. "${BASH_SOURCE[0]%/*}/frames.sh"

data=$(realpath "$1") cache=$2 scale=$3 threads=$4
shift 4
masks=$cache/masks${scale:+-$scale}
known_extensions

# find_source KIND NAME: sets source to the file in DATA/KIND.
find_source() {
    local base=$data/$1/$2 format other=

    for format in "${formats[@]}"; do
        for source in "$base.$format" "$base.${format^^}"; do
            [ ! -e "$source" ] || { readable "$2" "$source"; return; }
        done
    done
    # by reading the directory, which is slow for each of many
    for source in "$base".*; do
        format=${source#"$base."}
        if [[ " ${formats[*]} " = *" ${format,,} "* ]]; then
            readable "$2" "$source"
            return
        fi
        [[ $format = *.* ]] || other=" but .$format, which is none of: ${formats[*]}"
    done
    echo "$2: nothing of that name in $data/$1$other" >&2
    return 1
}

# readable NAME FILE
readable() {
    [ -r "$2" ] || { echo "$1: $2 cannot be read" >&2; return 1; }
    [ -f "$2" ] || { echo "$1: $2 is not a plain file" >&2; return 1; }
}

# find_pair NAME: sets image and mask.
find_pair() {
    find_source images "$1" && image=$source && find_source masks "$1" && mask=$source
}

# size FILE: WIDTHxHEIGHT
size() {
    pamfile -machine < "$1" | awk '{ print $4 "x" $5; exit }'
}

# make_grey NAME FILE OUT: the one image of the file as PGM; says what is wrong with it.
make_grey() {
    local said width height maxval

    if ! said=$(ir-corrupt -n none -j 1 "$2" 2>&1 > "$3"); then
        echo "$1: ${said#ir-corrupt: }" >&2
        return 1
    fi
    { read -r _; read -r width height; read -r maxval; } < "$3"
    said=$'P5\n'"$width $height"$'\n'$maxval$'\n'
    if [ "$(stat -c %s "$3")" != $((${#said} + width * height * (maxval > 255 ? 2 : 1))) ]; then
        echo "$1: $2 holds several images: a frame of a set is one, and so is its mask" >&2
        return 1
    fi
}

# new_part FILE: sets part to another name of the file to be made; nothing bears it, not even a link
# of the cache's owner, through which another file would be written.
new_part() {
    part=${1##*/}
    part=${1%/*}/${part:0:200}.$$.part # names are not longer than 255 bytes
    rm -f "$part" "$part.scaled.part"
}

# convert_image NAME SOURCE OUT
convert_image() {
    local part magic=''

    new_part "$3"
    make_grey "$1" "$2" "$part" || { rm -f "$part"; return 1; }
    IFS= read -r -N 2 magic < "$2" || true
    case $magic in
    P[1-7]) ln -sf "$2" "$part" ;;
    *) touch -r "$2" "$part" ;;
    esac
    mv -fT "$part" "$3"
}

# convert_mask NAME SOURCE OUT FRAME
convert_mask() {
    local part image mask

    new_part "$3"
    make_grey "$1" "$2" "$part" || { rm -f "$part"; return 1; }
    image=$(size "$4")
    mask=$(size "$part")
    if [ "$image" != "$mask" ] && [ "$scale" = nearest ]; then
        pamscale -quiet -filter=point -width "${image%x*}" -height "${image#*x}" "$part" \
            > "$part.scaled.part"
        mv -f "$part.scaled.part" "$part"
    elif [ "$image" != "$mask" ]; then
        rm -f "$part"
        echo "$1: mask is $mask, the image $image (RESIZE_MASKS=nearest scales it)" >&2
        return 1
    fi
    touch -r "$2" "$part"
    mv -fT "$part" "$3"
}

# stale OUT SOURCE: OUT is not of SOURCE as it is now. Both carry the same time, whatever the clock said
# when OUT was made.
stale() {
    [ ! -e "$1" ] || [ "$2" -nt "$1" ] || [ "$2" -ot "$1" ]
}

# find_cached NAME: sets frame and truth to where its frame and mask go, or are.
find_cached() {
    local files

    file_names "$1"
    frame=$cache/images/${files[0]}.pgm truth=$masks/${files[0]}.pgm
}

# fresh NAME: both are there already.
fresh() {
    local source image mask frame truth

    find_cached "$1"
    find_pair "$1" && ! stale "$frame" "$image" && ! stale "$truth" "$mask"
}

convert() {
    local source image mask frame truth part

    find_cached "$1"
    find_pair "$1" || return
    if stale "$frame" "$image"; then
        rm -f "$truth" # its size is to be compared again
        if ! convert_image "$1" "$image" "$frame"; then
            new_part "$truth" # the mask is named as well if it is broken, too
            make_grey "$1" "$mask" "$part" || true
            rm -f "$part"
            return 1
        fi
    fi
    ! stale "$truth" "$mask" || convert_mask "$1" "$mask" "$truth" "$frame"
}

if [ $# -gt 0 ]; then
    broken=0
    for name; do
        convert "$name" || broken=1
    done
    exit "$broken"
fi

command -v ir-corrupt > /dev/null || { echo 'ir-corrupt: not found in PATH' >&2; exit 1; }
mkdir -p "$cache/images"
for dir in "$cache/images" "$masks"; do
    [ ! -L "$dir" ] || { echo "$dir is a link: what was written there would go elsewhere" >&2; exit 1; }
done
# masks that an older version made were of 0 and 255: they are made again
exec {lock}< "$cache"
flock "$lock"
if [ ! -e "$masks/.grey" ]; then
    rm -rf "$masks"
    mkdir "$masks"
    : > "$masks/.grey"
fi
exec {lock}<&-
# parts of a conversion that was killed, and what no conversion has put there
find "$cache/images" "$masks" -mindepth 1 -maxdepth 1 \( -name '*.part' -mmin +60 -o \
    -type p,s,c,b -o -type l -xtype d,p,s,c,b \) -delete
mapfile -t names
said=$(
    for name in "${names[@]}"; do
        fresh "$name" 2> /dev/null || printf '%s\0' "$name"
    done |
        xargs -0 -r -P "$threads" -n 8 "$BASH" "$0" "$data" "$cache" "$scale" "$threads" 2>&1
) || {
    sort <<< "$said" >&2
    broken=$(awk -F ': ' '!said[$1]++ { n++ } END { print n }' <<< "$said")
    [ "$broken" = 1 ] || echo "$broken of ${#names[@]} frames cannot be used" >&2
    exit 1
}
