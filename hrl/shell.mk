# What hrl.mk, models.mk and tables.mk begin with: the shell of their recipes, where programs are found,
# and how knobs are handed on. HERE, the directory of the makefile, is set by who includes this.

# bash, which is told to end when make is gone, however that came
SHELL       := setpriv
.SHELLFLAGS := --pdeathsig TERM bash -euo pipefail -c
.ONESHELL:
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules

# Programs are found in PATH, or else where this source tree builds them.
export PATH   := $(PATH):$(HERE)/build/bin
export LC_ALL := C
export HERE

# $(call given,V...): those of these variables that the command line sets.
given = $(foreach v,$1,$(if $(filter command,$(firstword $(origin $v))),$v))
# $(call as_it_is,V...): hands them to the environment letter by letter: not even a $ in them means
# anything here.
as_it_is = $(foreach v,$1,$(eval export override $v := $$(value $v)))
# $(call quoted,TEXT): as one word of a shell.
quoted = '$(subst ','\'',$1)'
