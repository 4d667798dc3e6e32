# zsh's completion of a program, of what describe says of it. -v program= names it.

BEGIN { FS = "\t" }

$1 == "command" && NF == 2 {
    name[++commands] = $2
    if ($2 != "-") named = named (named == "" ? "" : " ") $2
    next
}

# text within single quotes and brackets, or between colons
function quoted(text) {
    gsub(/[\[\]:\\]/, "\\\\&", text)
    gsub(/'/, "'\\''", text)
    return text
}

function action(kind, words) {
    if (kind == "words") return "(" words ")"
    if (kind == "file") return "_files"
    if (kind == "directory") return "_files -/"
    if (kind == "models")
        return "{_files; compadd -- ${${(f)\"$(" program " --list 2> /dev/null)\"}[2,-1]%%$'\''\\t'\''*}}"
    return " "
}

{
    value = $4 == "-" ? "" : ":" quoted($4) ":" action($5, $6)
    help = "[" quoted($7) "]"
    letter = "-" $2 ($4 == "-" ? "" : "+")
    long = "--" $3 ($4 == "-" ? "" : "=")
    if ($2 == "-") spec = "'" long help value "'"
    else if ($3 == "-") spec = "'" letter help value "'"
    else spec = "'(-" $2 " --" $3 ")'{" letter "," long "}'" help value "'"
    specs[$1] = specs[$1] " \\\n        " spec
}

# An operand: a file, or @ and the file of a list.
function operands(command,    all) {
    all = " \\\n        '*:image:{compset -P @; _files}'"
    if (named == "") return all
    if (command != "-") return " \\\n        '1: :'" all
    return " \\\n        '1:command or image:{compadd " named "; compset -P @; _files}'" all
}

END {
    print "#compdef " program
    print "# zsh completion of " program ", made from what it says of itself"
    print "case $words[2] in"
    for (i = 1; i <= commands; i++)
        if (name[i] != "-") print name[i] ")\n    _arguments -s -S" specs[name[i]] operands(name[i]) "\n    ;;"
    print "*)\n    _arguments -s -S" specs["-"] operands("-") "\n    ;;"
    print "esac"
}
