# What is passed on: the source, and Debian's packages of it.
#
#   make dist    build/irtools-VERSION.tar.gz: the source, which builds without git
#   make deb     build/deb: irtools, its source package, irtools-cuda where nvcc and cuDNN are found,
#                irtools-mpi where an MPI is, irtools-models where there is a model beside the default one
#
# What the packages are like is in packaging/debian.

VERSION := $(shell sed -n 's/^\#define IR_VERSION "\(.*\)"/\1/p' common/base/base.h)
DIST     = $(BUILD)/irtools-$(VERSION).tar.gz
DEB      = $(BUILD)/deb
DEB_TREE = $(DEB)/irtools-$(VERSION)

# Every file that git knows; without git, or in this tarball itself, all that was not made here. Times are
# those of the last commit, or of the newest file. Lists are between zero bytes: -z, -print0.
dist_made  = $(patsubst %,-path './%' -o,.git build run runs .irtools-cache) -path './$(BUILD)'
dist_git   = [ -e .git ] && command -v git > /dev/null
dist_files = if $(dist_git); then git ls-files -z; \
    else find . \( $(dist_made) \) -prune -o -type f -print0 | sed -z 's,^\./,,'; fi
dist_time  = if $(dist_git); then git log -1 --format=%ct; \
    else find . \( $(dist_made) \) -prune -o -type f -printf '%Ts\n' | sort -n | tail -n 1; fi

dist: $(DIST)
$(DIST): FORCE
	@mkdir -p $(@D)
	@$(dist_files) | LC_ALL=C sort -z > $@.files
	@tar -c --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX --mtime=@$$($(dist_time)) --no-recursion \
	    --transform='s,^,irtools-$(VERSION)/,' --null --files-from=$@.files -f $@.tar
	@gzip -n9 < $@.tar > $@.part
	@rm $@.tar $@.files
	@mv $@.part $@
	@echo $@

deb-deps: deps
	$(call install_packages,$(PACKAGE_PACKAGES))

# A build profile for each package that can be made here beside irtools.
LARGE_MODELS = $(filter-out models/$(file < models/default).tar,$(wildcard models/*.tar))
PROFILES = $(if $(CUDA_FOUND),pkg.irtools.cuda) $(if $(MPI_FOUND),pkg.irtools.mpi) \
           $(if $(LARGE_MODELS),pkg.irtools.models)

# What lintian says of an address that nobody has, as that of mk/config.mk.
NO_ADDRESS = $(if $(filter %.invalid>,$(MAINTAINER)),\
                 --suppress-tags bogus-mail-host$(comma)bogus-mail-host-in-debian-changelog)

# The packages' time is the source's: the same source gives the same packages. They are built by a make of
# their own, which must not be told this one's BUILD: it would clean it.
deb: deb-deps dist
	@rm -rf $(DEB)
	@mkdir -p $(DEB)
	@cp $(DIST) $(DEB)/irtools_$(VERSION).orig.tar.gz
	@tar -xf $(DIST) -C $(DEB)
	@cp -R packaging/debian $(DEB_TREE)/debian
	@{ cat LICENSE; printf '\n%s\n' 'On Debian systems that licence is in /usr/share/common-licenses/GPL-2.'; } \
	    > $(DEB_TREE)/debian/copyright
	@sed -i 's/@MAINTAINER@/$(MAINTAINER)/' $(DEB_TREE)/debian/control
	@printf 'irtools ($(VERSION)-1) unstable; urgency=medium\n\n  * irtools $(VERSION); see %s.\n\n -- %s  %s\n' \
	    /usr/share/doc/irtools/changelog.gz '$(MAINTAINER)' \
	    "$$(LC_ALL=C date -R -u -d @$$($(dist_time)))" > $(DEB_TREE)/debian/changelog
	@cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKEOVERRIDES dpkg-buildpackage -us -uc --build-profiles=$(subst $(space),$(comma),$(strip $(PROFILES))) \
	    > ../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	@lintian --fail-on error $(NO_ADDRESS) $(DEB)/*.changes
	@ls $(DEB)/*.deb

.PHONY: dist deb deb-deps FORCE
empty =
space = $(empty) $(empty)
FORCE:
