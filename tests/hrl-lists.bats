#!/usr/bin/env bats
# Lists of frames as people write them, and the files that they name: hrl.mk with stand-ins for the
# programs.

# shellcheck disable=SC2154

load helper
load hrl

setup() {
    play_in_tmp
}

# trained: the list that a run trains on
trained() {
    rm -rf run
    hrl DATA=data ROUNDS=0 "$@"
    cat run/0000/train.txt
}

# frame NAME: a frame and its mask, whatever its name
frame() {
    mkdir -p "data/images/$(dirname "./$1")" "data/masks/$(dirname "./$1")"
    cp data/images/train1.pgm "data/images/$1.pgm"
    cp data/masks/train1.pgm "data/masks/$1.pgm"
}

@test "a list means the same however it was written" {
    names=$'train1\ntrain2\ntrain3'
    for text in \
        'train1\ntrain2\ntrain3\n' \
        'train1\ntrain2\ntrain3' \
        'train1\r\ntrain2\r\ntrain3\r\n' \
        'train1\r\ntrain2\r\ntrain3' \
        '\xef\xbb\xbftrain1\ntrain2\ntrain3' \
        '\xef\xbb\xbftrain1\r\n\r\ntrain2\r\ntrain3' \
        '# names\n\ntrain1 \t\ntrain2\n\n\ntrain3  ' \
        'train1.png\ntrain2.PGM\ntrain3.Bmp' \
        '/train1\n//train2\n/train3.pgm'; do
        # shellcheck disable=SC2059 # the texts have escapes
        printf "$text" > data/train.txt
        [ "$(trained)" = "$names" ]
    done
}

@test "a test list without a last newline is glued to nothing" {
    printf 'train1\ntrain2' > data/train.txt
    printf 'test1\ntest2' > data/test.txt
    hrl DATA=data data
    [ "$(cd .irtools-cache/*/images && echo *)" = 'test1.pgm test2.pgm train1.pgm train2.pgm' ]
    [ "$(cd .irtools-cache/*/masks && echo *)" = 'test1.pgm test2.pgm train1.pgm train2.pgm' ]
}

@test "names are held out whatever the ends of VAL's lines" {
    printf '\xef\xbb\xbf/train2.png\r\ntrain5' > held
    [ "$(trained VAL=held)" = $'train1\ntrain3\ntrain4\ntrain6' ]
    [ "$(cat run/0000/val.txt)" = $'train2\ntrain5' ]
}

@test "a run's own list may have lost its last newline" {
    echo train2 > held
    hrl DATA=data ROUNDS=0 VAL=held
    truncate -s -1 run/0000/train.txt run/0000/val.txt
    rm -r .irtools-cache
    hrl ROUNDS=1 EPOCHS=3
    [ "$(wc -l < run/0001/images.list)" = 15 ]
    [ "$(sort -u run/0001/images.list | wc -l)" = 5 ]
    [ "$(echo .irtools-cache/*/masks/*.pgm | wc -w)" = 6 ]
}

@test "a list in another encoding, or no list at all: one line" {
    printf 'train1\ntrain2\n' | iconv -t UTF-16 > data/train.txt
    run --separate-stderr hrl DATA=data data
    refused '^hrl.mk: .*/data/train.txt: has zero bytes: not a text of ASCII or UTF-8$'
    rm data/train.txt
    mkfifo data/train.txt
    run --separate-stderr timeout 20 make -f share/hrl.mk DATA=data data
    refused '^hrl.mk: .*/data/train.txt: not a plain file$'
    rm data/train.txt
    printf 'train1\ntr\033]0;ain2\n' > data/train.txt
    run --separate-stderr hrl DATA=data data
    refused '^hrl.mk: .*/data/train.txt: line 2 has a control character in it$'
    { echo train1; printf 'x%.0s' {1..100000}; } > data/train.txt
    run --separate-stderr hrl DATA=data data
    refused '^hrl.mk: .*/data/train.txt: line 2 is longer than 240 bytes$'
}

@test "a name does not lead out of the directory of the frames" {
    cp data/images/train1.pgm data/mine.pgm
    mkdir data/images/a data/masks/a
    for name in ../mine a/../../mine /../mine .. a/.. ../mine.png; do
        echo "$name" > data/train.txt
        run --separate-stderr hrl DATA=data
        refused '^hrl.mk: .*/data/train.txt: line 1 leads out of the directory of the frames: '
        printf 'train1\n' > data/train.txt
        echo "$name" > held
        run --separate-stderr hrl DATA=data VAL=held
        refused '^hrl.mk: .*/held: line 1 leads out of the directory of the frames: '
    done
    # nor that of a run that came from elsewhere
    hrl DATA=data ROUNDS=0
    echo ../mine >> run/0000/train.txt
    run --separate-stderr hrl ROUNDS=1
    refused '^hrl.mk: run/0000/train.txt: line 2 leads out of the directory of the frames: ../mine$'
}

@test "nothing outside of the cache is written or deleted through links" {
    mkdir -p data/a/b precious
    ln -s ../a/b data/images/L
    ln -s ../a/b data/masks/L
    echo L/../../mine > data/train.txt
    echo mine > mine.pgm
    run hrl DATA=data data
    [ "$(cat mine.pgm)" = mine ]
    # a cache with a directory of somebody else in it
    cp data/test.txt data/train.txt
    hrl DATA=data data CACHE=cache
    rm -r cache/images
    ln -s ../precious cache/images
    run --separate-stderr hrl DATA=data data CACHE=cache
    refused 'cache/images is a link: what was written there would go elsewhere$'
    [ "$(ls precious)" = '' ]
    # a link there in the place of a frame or a part is replaced, not followed
    rm cache/images
    hrl DATA=data data CACHE=cache
    echo mine > precious/mine
    ln -sf "$PWD/precious/mine" cache/masks/test1.pgm
    touch -d '1 hour ago' precious/mine
    touch data/masks/test1.pgm
    hrl DATA=data data CACHE=cache
    [ "$(cat precious/mine)" = mine ]
    [ "$(samples < cache/masks/test1.pgm)" = '255 0 0 255 0 0 0' ]
    # what would be waited for is not
    rm cache/images/test2.pgm
    mkfifo cache/images/test2.pgm
    timeout 20 make -f share/hrl.mk DATA=data data CACHE=cache
    cmp cache/images/test2.pgm data/images/test2.pgm
}

@test "names of every kind, in directories and not, are one frame each" {
    while IFS= read -r name; do
        frame "$name"
        printf '%s\n' "$name"
    done > data/train.txt <<'END'
a b
a.001
a(1)
a'q
a"q
a%d
a+b
a/b
a%2Bb
-a
x.y/z w
41/1(297)
32/1(297)
ziel/目标 1
a;touch b
$(touch b)
`touch b`
a\b
a*
&
END
    hrl DATA=data ROUNDS=1 EPOCHS=1 STRATEGY=none
    cmp data/train.txt run/0000/train.txt
    [ ! -e b ]
    xargs -d '\n' -a run/0001/images.list ls > files
    [ "$(sed 's,.*/,,' files | sort -u | wc -l)" = "$(wc -l < data/train.txt)" ]
    for name in 'a+b' 'a/b' 'a%2Bb' '41/1(297)'; do echo "$name"; done > data/train.txt
    rm -rf .irtools-cache run
    hrl DATA=data data
    (cd .irtools-cache/*/images && [ "$(echo a* 4*)" = 'a%252Bb.pgm a%2Bb.pgm a+b.pgm 41+1(297).pgm' ])
}

@test "a name as long as names may be; one byte more, or a + that becomes three, is refused" {
    local long
    long=$(printf '%0240d' 0)
    mv data/images/train1.pgm "data/images/$long.pgm"
    mv data/masks/train1.pgm "data/masks/$long.pgm"
    sed -i "s/^train1$/$long/" data/train.txt
    hrl DATA=data ROUNDS=1
    grep -q "/$long.pgm$" run/0001/images.list
    echo "0$long" >> data/train.txt
    run --separate-stderr hrl DATA=data RUN=other ROUNDS=1
    refused '^hrl.mk: .*train.txt: line 7 is longer than 240 bytes$'
    sed -i "7s/.*/${long:3}+%/" data/train.txt
    run --separate-stderr hrl DATA=data RUN=other ROUNDS=1
    refused '^hrl.mk: .*train.txt: line 7 is longer than 240 bytes$'
}

@test "a PNG that says it is larger than images may be is not decoded" {
    large_png 30000 > data/images/train2.png
    rm data/images/train2.pgm
    run --separate-stderr hrl DATA=data ROUNDS=1
    refused '^hrl.mk: run/0000: train2: .*images/train2.png: 30000x30000 is too large '
}

@test "a name that comes twice is trained on and scored twice" {
    printf 'train1\ntrain2\ntrain1\n' > data/train.txt
    hrl DATA=data ROUNDS=1 EPOCHS=2
    [ "$(grep -c /train1.pgm run/0001/images.list)" = 4 ]
}

@test "extensions in any case, and what is there but not read is named" {
    printf 'P3\n2 1\n255\n200 200 200 9 9 9\n' > grey.ppm
    rm data/images/train[1-6].pgm data/masks/train[1-5].pgm
    pnmtopng -quiet grey.ppm > data/images/train1.PNG
    pnmtopng -quiet grey.ppm > data/images/train2.Png
    cp grey.ppm data/images/train3.PPM
    ppmtobmp -quiet grey.ppm > data/images/train4.bmp
    ppmtobmp -quiet grey.ppm > data/images/train5.BMP
    cp grey.ppm data/images/train6.pNm
    for i in 1 2 3 4 5; do pgm 2 1 255 127 128 > mask$i; done
    cp mask1 data/masks/train1.PGM
    pnmtopng -quiet mask1 > data/masks/train2.PNG
    pnmtopng -quiet mask1 > data/masks/train3.pNG
    ppmtobmp -quiet mask1 > data/masks/train4.Bmp
    cp mask1 data/masks/train5.Pgm
    cp mask1 data/masks/train6.pgm
    hrl DATA=data data
    for i in 1 2 3 4 5 6; do
        [ "$(ir-corrupt -n none "$(cached images/train$i)" | samples)" = '255 200 9' ]
        [ "$(samples < "$(cached masks/train$i)")" = '255 127 128' ]
    done
    mv data/images/train4.bmp data/images/train4.TXT
    run --separate-stderr hrl DATA=data data CACHE=other
    refused 'train4: nothing of that name in .*/images but .TXT, which is none of: pgm .* png .* qoi$'
    rm data/images/train4.TXT
    mkfifo data/images/train4.png
    run --separate-stderr timeout 20 make -f share/hrl.mk DATA=data data CACHE=other
    refused 'train4: .*/images/train4.png is not a plain file$'
}

@test "masks that an older version made black and white are made again" {
    pgm 3 2 255 0 0 1 0 0 0 > data/masks/train1.pgm
    pgm 3 2 3 0 1 2 0 0 3 | pnmtopng -quiet > data/masks/train2.png
    rm data/masks/train2.pgm
    hrl DATA=data data CACHE=cache
    [ "$(samples < cache/masks/train1.pgm)" = '255 0 0 1 0 0 0' ]
    [ "$(samples < cache/masks/train2.pgm)" = '3 0 1 2 0 0 3' ]
    rm cache/masks/.grey
    pgm 3 2 255 0 0 0 0 0 0 > cache/masks/train1.pgm
    hrl DATA=data data CACHE=cache
    [ "$(samples < cache/masks/train1.pgm)" = '255 0 0 1 0 0 0' ]
}

@test "every format that the programs read, and a file by its bytes, not its name" {
    pgm 3 2 255 200 200 9 9 9 9 > grey.pgm
    rm data/images/train[1-6].pgm
    pnmtopng -quiet grey.pgm > data/images/train1.tif
    pamtotiff -quiet grey.pgm > data/images/train2.png
    pamtofits grey.pgm > data/images/train3.fits
    pnmtorast -quiet grey.pgm > data/images/train4.ras
    pamtogif grey.pgm > data/images/train5.gif 2> /dev/null
    pnmtosgi -quiet grey.pgm > data/images/train6.jpg
    hrl DATA=data data
    for i in 1 2 3 4 5 6; do
        [ "$(samples < "$(cached images/train$i)")" = '255 200 200 9 9 9 9' ]
    done
    # a frame is one image
    cat grey.pgm grey.pgm > data/images/train3.fits
    run --separate-stderr hrl DATA=data data
    refused 'train3: .*/images/train3.fits holds several images: a frame of a set is one'
    # and its samples are integers
    printf 'II*\0' > data/images/train3.fits
    run --separate-stderr hrl DATA=data data
    refused 'train3: .*/images/train3.fits: this TIFF cannot be read: '
}

@test "without ir-corrupt nothing is converted, which one line says" {
    mkdir none
    run --separate-stderr env PATH="$BATS_TEST_TMPDIR/none:/usr/bin:/bin" make -f share/hrl.mk \
        DATA=data data
    refused '^hrl.mk: .*/data: ir-corrupt: not found in PATH$'
}

@test "all frames and masks in trouble are named before anything is trained" {
    frames data 40 train
    for i in {1..25}; do
        case $((i % 5)) in
        0) rm "data/images/train$i.pgm" ;;
        1) echo text > "data/images/train$i.pgm" ;;
        2) head -c 20 "data/images/train$i.pgm" > part && mv part "data/images/train$i.pgm" ;;
        3) pgm 2 2 255 0 0 0 0 > "data/masks/train$i.pgm" ;;
        4) rm "data/masks/train$i.pgm" ;;
        esac
    done
    echo text > data/masks/train1.pgm # both of it
    run --separate-stderr hrl DATA=data
    [ "$status" = 2 ]
    grep -v '^make: ' <<< "$stderr" > said
    [ "$(wc -l < said)" = 27 ]
    for i in {1..25}; do grep -q "^hrl.mk: run/0000: train$i: " said; done
    [ "$(grep -c '^hrl.mk: run/0000: train1: .*/train1.pgm: bad magic' said)" = 2 ]
    [ "$(tail -n 1 said)" = 'hrl.mk: run/0000: 25 of 40 frames cannot be used' ]
    [ ! -e run/0000 ]
    [ ! -s fake/pids ]
    # the rest has been converted meanwhile
    [ "$(echo .irtools-cache/*/masks/*.pgm | wc -w)" = 15 ]
}
