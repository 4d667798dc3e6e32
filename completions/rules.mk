# What shells complete on the command lines of the programs, made from what these say of themselves
# (describe): build/completions/SHELL/NAME, under the name and in the directory where that shell looks.
#
#   make completions     for bash, zsh and fish; make install installs them

COMPLETIONS      = $(BUILD)/completions
COMPLETION_FILES = $(foreach p,$(PROGRAMS),$(COMPLETIONS)/bash/$(p) $(COMPLETIONS)/zsh/_$(p) \
                   $(COMPLETIONS)/fish/$(p).fish)

completions: $(COMPLETION_FILES)

$(COMPLETIONS)/%.tsv: $(BIN)/% completions/describe completions/options.awk
	@mkdir -p $(@D)
	$(call say,COMPLETE) RUN='$(RUN)' completions/describe $< > $@

define completion
$$(COMPLETIONS)/$(1)/$(2)%$(3): $$(COMPLETIONS)/%.tsv completions/$(1).awk
	@mkdir -p $$(@D)
	@awk -v program=$$* -f completions/$(1).awk $$< > $$@
endef
$(eval $(call completion,bash,,))
$(eval $(call completion,zsh,_,))
$(eval $(call completion,fish,,.fish))

install: install-completions
install-completions: completions
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 $(COMPLETIONS)/bash/* $(DESTDIR)$(BASHDIR)
	install -m 644 $(COMPLETIONS)/zsh/* $(DESTDIR)$(ZSHDIR)
	install -m 644 $(COMPLETIONS)/fish/* $(DESTDIR)$(FISHDIR)

uninstall: uninstall-completions
uninstall-completions:
	rm -f $(foreach p,$(PROGRAMS),$(DESTDIR)$(BASHDIR)/$(p) $(DESTDIR)$(ZSHDIR)/_$(p) $(DESTDIR)$(FISHDIR)/$(p).fish)

.SECONDARY: $(PROGRAMS:%=$(COMPLETIONS)/%.tsv)
.PHONY: completions install-completions uninstall-completions
