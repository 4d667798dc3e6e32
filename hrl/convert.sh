#!/bin/bash
# convert.sh DATA CACHE SCALE THREADS < names: frames and masks of DATA that every program reads.
#
# CACHE/images/NAME.pgm is the frame: PNG becomes PGM of the same depth (colours stay: the programs
# make grey of them, and everywhere the same), a Netpbm file is linked to. CACHE/masks/NAME.pgm
# (masks-nearest/ with SCALE "nearest") is its mask, 0 and 255, of the frame's size. What is there
# and not older than its source is left alone. Files are made under another name and renamed: a
# stopped conversion can be taken up again, and several may go on at once. On an error the line
# about the first frame in trouble goes to standard error.
#
# With names as further operands those alone are converted, by this process.

set -euo pipefail

data=$(realpath "$1") cache=$2 scale=$3 threads=$4
shift 4
masks=$cache/masks${scale:+-$scale}

# find_source KIND NAME: sets $source to the file in DATA/KIND.
find_source() {
    for source in "$data/$1/$2".{png,PNG,pgm,pbm,ppm,pnm,pam}; do
        [ ! -r "$source" ] || return 0
        [ ! -e "$source" ] || { echo "$2: $source cannot be read" >&2; return 1; }
    done
    echo "$2: nothing of that name in $data/$1" >&2
    return 1
}

# find_pair NAME: sets $image and $mask.
find_pair() {
    find_source images "$1" && image=$source && find_source masks "$1" && mask=$source
}

# grey FILE: a mask as PGM on standard output.
grey() {
    case $1 in
    *.png | *.PNG) pngtopnm -quiet "$1" ;;
    *) cat "$1" ;;
    esac | ppmtopgm -quiet
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

# convert_image NAME SOURCE
convert_image() {
    local out=$cache/images/$1.pgm part=$cache/images/$1.pgm.$$.part

    case $2 in
    *.png | *.PNG) pngtopnm -quiet "$2" > "$part" 2> /dev/null && drop_colour "$part" ;;
    *) size "$2" > /dev/null 2>&1 && ln -sf "$2" "$part" ;;
    esac || { rm -f "$part"; echo "$1: $2 is not an image that netpbm reads" >&2; return 1; }
    mv -fT "$part" "$out"
}

# convert_mask NAME SOURCE
convert_mask() {
    local out=$masks/$1.pgm part=$masks/$1.pgm.$$.part image mask

    image=$(size "$cache/images/$1.pgm")
    if ! grey "$2" 2> /dev/null | pgmtopbm -quiet -threshold -value 0.5 | pamdepth -quiet 255 \
            > "$part"; then
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
    mv -f "$part" "$out"
}

# stale OUT SOURCE
stale() {
    [ ! -e "$1" ] || [ "$2" -nt "$1" ]
}

# fresh NAME: both are there already.
fresh() {
    local source image mask

    find_pair "$1" || return
    ! stale "$cache/images/$1.pgm" "$image" && ! stale "$masks/$1.pgm" "$mask"
}

convert() {
    local source image mask

    find_pair "$1" || return
    [[ $1 != */* ]] || mkdir -p "$cache/images/${1%/*}" "$masks/${1%/*}"
    if stale "$cache/images/$1.pgm" "$image"; then
        convert_image "$1" "$image" || return
        rm -f "$masks/$1.pgm" # its size is to be compared again
    fi
    ! stale "$masks/$1.pgm" "$mask" || convert_mask "$1" "$mask"
}

if [ $# -gt 0 ]; then
    for name; do
        convert "$name" || exit 255 # the last word for xargs
    done
    exit
fi

mkdir -p "$cache/images" "$masks"
find "$cache" -name '*.part' -mmin +60 -delete # of a conversion that was killed
said=$(
    while IFS= read -r name; do
        fresh "$name" 2> /dev/null || printf '%s\0' "$name"
    done |
        xargs -0 -r -P "$threads" -n 8 "$BASH" "$0" "$data" "$cache" "$scale" "$threads" 2>&1
) || { echo "${said%%$'\n'*}" >&2; exit 1; }
