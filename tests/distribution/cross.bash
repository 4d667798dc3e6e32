# For run: building for another architecture by a cross compiler, whose libraries lie beside this machine's
# (multiarch), and running what was built by qemu.
# shellcheck shell=bash disable=SC2154 # run sets suite, arch, logs

case $arch in
arm64) machine=aarch64 ;;
*) machine= ;;
esac

# What the build needs of that architecture: mk/config.mk's packages of libraries.
cross_libraries() {
    make -s -f - -C "$repository" <<< $'include mk/config.mk\nall:; @echo $(filter lib%-dev nettle-dev,$(BUILD_PACKAGES))'
}

prepare_cross() {
    local libraries

    [ -n "$machine" ] || { echo "run: $arch: no cross compiler is known" >&2; exit 1; }
    libraries=$(cross_libraries | xargs -n 1 | grep -v '^libc6-dev$' | sed "s/$/:$arch/" | xargs)
    # bookworm's libdnnl-dev has the same headers at the same place in every architecture's package
    inside root "dpkg --add-architecture $arch && apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-overwrite \
            make gcc-$machine-linux-gnu g++-$machine-linux-gnu libc6-dev-$arch-cross qemu-user-static libgomp1:$arch \
            libjpeg62-turbo-dev:$arch $libraries" > "$logs/cross-packages.log" 2>&1 ||
        { tail -n 5 "$logs/cross-packages.log" >&2; exit 1; }
}

# The build; then, with programs in build/qemu that qemu runs, the tests that TESTS= names (default: all).
cross_commands() {
    local tests='tests/*.bats'

    # shellcheck disable=SC2086 # names
    [ -z "${TESTS:-}" ] || tests=$(printf 'tests/%s.bats ' $TESTS)
    echo "make CC=$machine-linux-gnu-gcc CXX=$machine-linux-gnu-g++ NVCC= RUN=qemu-$machine-static check-deps tests"
    echo "mkdir -p build/qemu && for program in build/bin/*; do" \
        "printf '#!/bin/sh\nexec qemu-$machine-static %s \"\$@\"\n' \"\$PWD/\$program\" > build/qemu/\${program##*/};" \
        "chmod +x build/qemu/\${program##*/}; done && IR_BIN=\$PWD/build/qemu tests/run $tests"
}
