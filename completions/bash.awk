# bash's completion of a program, of what describe says of it. -v program= names it.

BEGIN {
    FS = "\t"
    function_name = "_" program
    gsub(/-/, "_", function_name)
}

$1 == "command" && NF == 2 {
    commands++
    if ($2 != "-") named = named (named == "" ? "" : " ") $2
    next
}

{
    command = $1 == "-" ? "" : $1
    long = $3 == "-" ? "" : " --" $3
    letter = $2 == "-" ? "" : " -" $2
    # a letter is offered where there is no name
    offered[command] = offered[command] (long != "" ? long : letter)
    if ($4 == "-") next
    n = split(letter long, option, " ")
    for (i = 1; i <= n; i++) {
        what = $5 == "words" ? "words='" $6 "'" : "kind='" $5 "'"
        if (!(what in taken)) order[++whats] = what
        taken[what] = taken[what] (taken[what] == "" ? "" : " | ") command ":" option[i]
    }
}

# What each command offers.
function print_offers(    c) {
    print "            case $command in"
    for (c in offered) print "            " (c == "" ? "''" : c) ") words='" substr(offered[c], 2) "' ;;" | "sort"
    close("sort")
    print "            esac"
}

function print_command(    pattern) {
    pattern = named
    gsub(/ /, " | ", pattern)
    print "    if ((COMP_CWORD > 1)); then"
    print "        case ${COMP_WORDS[1]} in"
    print "        " pattern ") command=${COMP_WORDS[1]} ;;"
    print "        esac"
    print "    fi"
}

END {
    print "# bash completion of " program ", made from what it says of itself"
    print function_name "()"
    print "{"
    print "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' kind='' words='' list=''"
    print ""
    print "    # --name=value comes as three words"
    print "    [[ $word != = ]] || word="
    print "    [[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}"
    if (named != "") print_command()
    print "    case $command:$before in"
    for (i = 1; i <= whats; i++) print "    " taken[order[i]] ") " order[i] " ;;"
    print "    *)"
    print "        kind='file'"
    if (named != "") print "        ((COMP_CWORD > 1)) || words='" named "'"
    print "        if [[ $word == -* ]]; then"
    print "            kind=''"
    print_offers()
    print "        fi"
    print "        ;;"
    print "    esac"
    if ("kind='models'" in taken)
        print "    [[ $kind != models ]] || words=$(" program " --list 2> /dev/null | sed '/^#/d; s/\\t.*//')"
    print "    # @ and a file: a list of operands"
    print "    [[ $kind != file || $word != @* ]] || list=@"
    print "    case $kind in"
    print "    file | models | directory) compopt -o filenames 2> /dev/null ;;"
    print "    esac"
    print "    mapfile -t COMPREPLY < <("
    print "        compgen -W \"$words\" -- \"$word\""
    print "        case $kind in"
    print "        file | models) compgen -P \"$list\" -f -- \"${word#\"$list\"}\" ;;"
    print "        directory) compgen -d -- \"$word\" ;;"
    print "        esac"
    print "    )"
    print "}"
    print "complete -F " function_name " " program
}
