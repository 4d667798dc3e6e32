# For run: building for another architecture by a cross compiler, and running what was built by qemu.
# shellcheck shell=bash
prepare_cross() { :; }
cross_commands() { :; }
