# What can be said of the sources without running them. make lint checks all of it; each part has a
# goal of its own.
#
#   make lint-format     C, C++ and CUDA: .clang-format, and what it cannot say (tests/lint/style.py)
#   make lint-c          cppcheck
#   make lint-man        the manual pages
#   make lint-shell      the shell scripts and tests
#   make lint-comments   what comments name is there, and headers' examples compile (tests/lint)

LINT = lint-format lint-c lint-man lint-shell lint-comments

C_FILES     = $(shell find common ir-* tests -name '*.[ch]' -o -name '*.cpp' -o -name '*.cu')
CUDA_FILES  = $(filter %.cu,$(C_FILES))
HEADERS     = $(filter %.h,$(C_FILES))
SHELL_FILES = .ci/run completions/describe packaging/debian/tests/small-game tests/distribution/run tests/run tests/fuzz/run tests/fuzz/seeds tests/faults/run \
              tests/gpu/check tests/gpu/bench tests/gpu/bundle \
              $(filter-out %.awk %.c %.py %__pycache__,$(wildcard tests/bench/*)) \
              $(wildcard hrl/*.sh tests/*.bats tests/*.bash tests/gpu/*.bash tests/fake/*)

CPPCHECK = cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
           --library=tests/lint/cppcheck.cfg '-DIR_PRINTF(a,b)=' -Icommon

lint-deps: deps
	$(call install_packages,$(LINT_PACKAGES) $(CHECK_PACKAGES))
lint: lint-deps
	+@$(MAKE) --no-print-directory $(LINT)

lint-format:
	@clang-format --dry-run -Werror $(C_FILES)
	@python3 tests/lint/style.py $(C_FILES)

# A kernel's argument is a copy, and the devices' memory is cast to what lies in it.
lint-c:
	@$(CPPCHECK) --std=c11 -DIR_ISA=avx2 -DIR_BLOCK=8 -I$(KERNEL_DIR) common $(PROGRAMS) tests
	@$(CPPCHECK) --std=c++17 --language=c++ --suppress=passedByValue --suppress=invalidPointerCast \
	    -DIR_STORAGE=float -Itests/cuda/include $(CUDA_FILES)

# By groff too, which says nothing where it is content.
lint-man:
	@mandoc -Tlint -W warning $(MAN_PAGES)
	@for page in $(MAN_PAGES); do \
	    said=$$(groff -mandoc -Tutf8 -ww -z $$page 2>&1); \
	    [ -z "$$said" ] || { printf '%s: %s\n' "$$page" "$$said" >&2; exit 1; }; \
	done

lint-shell:
	@shellcheck -x $(SHELL_FILES)

lint-comments:
	@python3 tests/lint/names.py
	@CC="$(CC)" python3 tests/lint/examples.py $(HEADERS)

.PHONY: lint lint-deps $(LINT)
