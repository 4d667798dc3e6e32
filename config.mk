# What the build uses. Everything here can be given on make's command line.

VERSION = 0.1.0
PREFIX  = /usr/local
DESTDIR =
BINDIR  = $(PREFIX)/bin
MANDIR  = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/irtools

CC      = gcc
OPT     = -O2
CFLAGS  = -g
LDFLAGS =
# Libraries under a prefix of one's own: make DEPS=dir
DEPS    =

# Debian's packages: to build and run, to test, to lint.
BUILD_PACKAGES = gcc libc6-dev pkg-config netpbm libnetpbm-dev libarchive-dev libdnnl-dev \
                 libfftw3-dev libopenblas-dev libjpeg62-turbo-dev
CHECK_PACKAGES = bats procps parallel python3-numpy python3-scipy python3-torch chromium tidy
LINT_PACKAGES  = clang-format cppcheck mandoc shellcheck

PKG_CONFIG = $(if $(DEPS),PKG_CONFIG_PATH=$(DEPS)/lib/pkgconfig) pkg-config
