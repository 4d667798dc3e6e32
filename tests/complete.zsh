# complete.zsh DIR LINE: what zsh offers at the end of LINE, one a line, with DIR's completions. In a shell
# on a terminal of its own, where compadd says what it is given.
setup='
    PROMPT=
    fpath=('${(q)1}' $fpath)
    autoload -Uz compinit
    compinit -u -D
    bindkey "^I" complete-word
    finish() { print; print "<end>"; exit }
    comppostfuncs=(finish)
    compadd() {
        local -a hits
        if [[ " $* " != *\ -(O|A|D)\ * ]]; then
            builtin compadd -A hits "$@"
            print -rl -- "" "<hit>"${^hits}
        fi
        builtin compadd "$@"
    }
    print "<ready>"
'
zmodload zsh/zpty
zpty shell env TERM=dumb zsh -f -i
() {
    zpty -w shell "source ${(q)1}"
    zpty -r shell output '*<ready>*'
} =(<<< $setup)
zpty -w -n shell "$2"$'\t'
zpty -r shell output '*<end>*'
print -r -- "$output" | tr -d '\r' | sed -n 's/^<hit>//p' | sort -u
