# What the build uses. Everything here can be given on make's command line.

PREFIX  = /usr/local
DESTDIR =
BINDIR  = $(PREFIX)/bin
MANDIR  = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/irtools
PLUGINDIR = $(PREFIX)/lib/irtools
# Where shells look for completions.
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR  = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d

CC      = gcc
OPT     = -O2
CFLAGS  = -g
LDFLAGS =
# Libraries under a prefix of one's own: make DEPS=dir
DEPS    =
# What runs the programs that are built, where they are of another machine: RUN='qemu-aarch64-static -L dir'
RUN     =

# CUDA's compiler, for the plug-in: it is built with everything else where the compiler and cuDNN's
# header are found. NVCC= leaves it out.
NVCC = nvcc
CUDA_FOUND := $(shell nvcc=$$(command -v '$(NVCC)') && \
    printf '\043include <cudnn.h>\n' | $(CC) -E -I "$${nvcc%/*}/../include" $(if $(DEPS),-I$(DEPS)/include) \
        - > /dev/null 2>&1 && echo yes)

# MPI's compiler, for the plug-in by which several processes train together: that is built where the
# compiler is. MPICC= leaves it out.
MPICC = mpicc
MPI_FOUND := $(shell command -v '$(MPICC)')

# Debian's packages: to build and run, to test, to measure, to fuzz, to lint, to make packages, to carry to a machine without them.
BUILD_PACKAGES = gcc libc6-dev pkg-config netpbm libnetpbm-dev libpng-dev libtiff-dev \
                 libarchive-dev nettle-dev libdnnl-dev libfftw3-dev libopenblas-dev
CHECK_PACKAGES = bats binutils libarchive-tools patchelf procps strace parallel python3-numpy \
                 python3-scipy python3-torch chromium tidy libjpeg62-turbo-dev ffmpeg zsh fish \
                 openmpi-bin libopenmpi-dev iproute2 rsync
BENCH_PACKAGES = python3-venv
FUZZ_PACKAGES  = clang libclang-rt-14-dev
LINT_PACKAGES  = clang-format cppcheck groff-base mandoc shellcheck
PACKAGE_PACKAGES = build-essential debhelper lintian
BUNDLE_PACKAGES = bats binutils make netpbm patchelf procps tidy xz-utils

# Who answers for the packages of make deb: the address of whoever passes them on.
MAINTAINER = The irtools authors <irtools@packages.invalid>

PKG_CONFIG = $(if $(DEPS),PKG_CONFIG_PATH=$(DEPS)/lib/pkgconfig) pkg-config
