# fish's completion of a program, of what describe says of it. -v program= names it.

BEGIN { FS = "\t" }

function quoted(text) {
    gsub(/[\\']/, "\\\\&", text)
    return "'" text "'"
}

$1 == "command" && NF == 2 {
    if ($2 != "-") named = named (named == "" ? "" : " ") $2
    next
}

function condition(command) {
    if (named == "") return ""
    if (command == "-") return " -n 'not __fish_seen_subcommand_from " named "'"
    return " -n '__fish_seen_subcommand_from " command "'"
}

!begun++ {
    print "# fish completion of " program ", made from what it says of itself"
    # an operand may be @ and the file of a list
    print "complete -c " program " -n 'string match -q \"@*\" -- (commandline -ct)'" \
        " -a '@(__fish_complete_path (string sub -s 2 -- (commandline -ct)))'"
    if (named != "") print "complete -c " program " -n __fish_is_first_arg -a '" named "'"
}

{
    line = "complete -c " program condition($1)
    if ($2 != "-") line = line " -s " $2
    if ($3 != "-") line = line " -l " $3
    if ($5 == "words") line = line " -x -a '" $6 "'"
    if ($5 == "file") line = line " -r -F"
    if ($5 == "directory") line = line " -x -a '(__fish_complete_directories)'"
    if ($5 == "models") line = line " -r -F -a '(" program " --list 2> /dev/null | string match -v \"#*\" | string split -f 1 \\t)'"
    if ($5 == "value") line = line " -x"
    print line " -d " quoted($7)
}
