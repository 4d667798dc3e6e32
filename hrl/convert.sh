#!/bin/bash
# convert.sh DATA CACHE SCALE THREADS < names: frames and masks of DATA that every program reads.
#
# CACHE/images/NAME.pgm is the frame: PNG and BMP become PGM of the same depth (colours stay: the
# programs make grey of them, and everywhere the same), a Netpbm file is linked to.
# CACHE/masks/NAME.pgm (masks-nearest/ with SCALE "nearest") is its mask, as grey as it came, of the
# frame's size: what in it is true the programs say. What is there and carries the time of its source
# is left alone. Files are made under another name and renamed: a stopped conversion can be taken up
# again, and several may go on at once. On an error the line about the first frame in trouble goes to
# standard error.
#
# With names as further operands those alone are converted, by this process.

set -euo pipefail
shopt -s nullglob
# shellcheck source=hrl/frames.sh
. "${BASH_SOURCE[0]%/*}/frames.sh"

data=$(realpath "$1") cache=$2 scale=$3 threads=$4
shift 4
masks=$cache/masks${scale:+-$scale}

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

# decode FILE: as Netpbm on standard output.
decode() {
    case ${1,,} in
    *.png) pngtopnm -quiet "$1" ;;
    *.bmp) bmptopnm -quiet "$1" ;;
    *) cat "$1" ;;
    esac
}

# small_enough NAME FILE: an image of the size that a PNG says it has is one that the programs take.
# pngtopnm holds all of it in memory, of which a few kilobytes can ask for any number of gigabytes.
small_enough() {
    local side

    [[ ${2,,} = *.png ]] || return 0
    read -ra side < <(od -An -j 16 -N 8 -t u4 --endian=big "$2") || true
    [ "${#side[@]}" = 2 ] || return 0
    if [ "${side[0]}" -gt 32768 ] || [ "${side[1]}" -gt 32768 ] ||
        [ $((side[0] * side[1])) -gt $((1 << 28)) ]; then
        echo "$1: $2 is too large: ${side[0]}x${side[1]}" >&2
        return 1
    fi
}

# size FILE: WIDTHxHEIGHT
size() {
    pamfile -machine < "$1" | awk '{ print $4 "x" $5; exit }'
}

# drop_colour FILE: a PPM that holds nothing but grey becomes a PGM.
drop_colour() {
    [ "$(head -c 2 "$1")" = P6 ] || return 0
    ppmtopgm -quiet "$1" > "$1.grey.part"
    if rgb3toppm -quiet "$1.grey.part" "$1.grey.part" "$1.grey.part" | cmp -s - "$1"; then
        mv -f "$1.grey.part" "$1"
    else
        rm -f "$1.grey.part"
    fi
}

# new_part FILE: sets part to another name of the file to be made; nothing bears it, not even a link
# of the cache's owner, through which another file would be written.
new_part() {
    part=${1##*/}
    part=${1%/*}/${part:0:200}.$$.part # names are not longer than 255 bytes
    rm -f "$part" "$part".{grey,scaled}.part
}

# convert_image NAME SOURCE OUT
convert_image() {
    local part

    small_enough "$1" "$2" || return
    new_part "$3"
    case ${2,,} in
    *.png | *.bmp)
        decode "$2" > "$part" 2> /dev/null && drop_colour "$part" && touch -r "$2" "$part"
        ;;
    *) size "$2" > /dev/null 2>&1 && ln -sf "$2" "$part" ;;
    esac || { rm -f "$part"; echo "$1: $2 is not an image that netpbm reads" >&2; return 1; }
    mv -fT "$part" "$3"
}

# convert_mask NAME SOURCE OUT FRAME
convert_mask() {
    local part image mask

    small_enough "$1" "$2" || return
    new_part "$3"
    image=$(size "$4")
    if ! decode "$2" 2> /dev/null | ppmtopgm -quiet > "$part" 2> /dev/null; then
        rm -f "$part"
        echo "$1: $2 is not an image that netpbm reads" >&2
        return 1
    fi
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
    local source image mask frame truth

    find_cached "$1"
    find_pair "$1" || return
    if stale "$frame" "$image"; then
        convert_image "$1" "$image" "$frame" || return
        rm -f "$truth" # its size is to be compared again
    fi
    ! stale "$truth" "$mask" || convert_mask "$1" "$mask" "$truth" "$frame"
}

if [ $# -gt 0 ]; then
    for name; do
        convert "$name" || exit 255 # the last word for xargs
    done
    exit
fi

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
) || { echo "${said%%$'\n'*}" >&2; exit 1; }
