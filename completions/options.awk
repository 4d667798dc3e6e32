# Of what a program prints for -h: the options of one command, a line each of letter, name, argument, text
# between tabs. -v program= and -v command= name them; command "-": no command.
#
# Options of a section ("init: ...") are that command's, those of "Training:" no command's; an option whose
# text begins with commands ("update, play: ...") is theirs; a command whose synopsis does not say
# "[option" has those that the synopsis names.

BEGIN { OFS = "\t" }

# the synopses
/^usage: / { synopses = 1 }
synopses && /^(usage:|      ) *ir-/ {
    rest = substr($0, index($0, program) + length(program) + 1)
    current = rest ~ /^[a-z]/ ? rest : "-"
    sub(/[ ].*/, "", current)
    known[current] = 1
}
synopses && !/^(usage:|  )/ { synopses = 0 }
synopses { synopsis[current] = synopsis[current] " " $0; next }

/^$/ { flush(); section = "" }
/^[A-Za-z]+: / {
    flush()
    section = tolower(substr($0, 1, index($0, ":") - 1))
    if (section == "training") section = "-"
}

/^ +-/ {
    if (text != "") flush()
    cut = match($0, /[^ ]  +[^ -]/)
    take(cut ? substr($0, 1, RSTART) : $0)
    text = cut ? substr($0, RSTART + RLENGTH - 1) : ""
    if (/--version/) flush()
    next
}
count { # goes on, or begins here
    rest = $0
    sub(/^ +/, "", rest)
    text = text (text == "" ? "" : " ") rest
}
END { flush() }

# letter[1..count], long[], argument[]: adds "-n, --name NAME", or the two of "--patch n, --step n"
function take(part,    words, n, i, k) {
    gsub(/,( |$)/, " , ", part)
    n = split(part, words, " ")
    k = count
    for (i = 1; i <= n; i++) {
        if (words[i] ~ /^--/) {
            if (k == count || long[k] != "-" || letter[k] == "-") start(++k)
            long[k] = substr(words[i], 3)
        } else if (words[i] ~ /^-/) {
            start(++k)
            letter[k] = substr(words[i], 2)
        } else if (words[i] != ",")
            argument[k] = words[i]
    }
    count = k
}

function start(k) { letter[k] = long[k] = argument[k] = "-" }

function flush(    k) {
    for (k = 1; k <= count; k++)
        if (belongs(k)) print letter[k], long[k], argument[k], text != "" ? text : "prints its " long[k]
    count = 0
    text = ""
}

function belongs(k,    list, n, i, theirs, mine) {
    if (long[k] == "help" || long[k] == "version") return 1
    if (!(command in known)) return 0
    if (section in known && (section != "-" || "-" in known)) return section == command
    if (text ~ /^[a-z, ]+: /) {
        n = split(substr(text, 1, index(text, ": ") - 1), list, /, */)
        theirs = n > 0
        for (i = 1; i <= n; i++) {
            if (!(list[i] in known)) theirs = 0
            if (list[i] == command) mine = 1
        }
        if (theirs) return mine
    }
    if (command == "-" || synopsis[command] ~ /\[option/) return 1
    return (synopsis[command] " ") ~ ("[[ ]-(" letter[k] "|-" long[k] ")[] ]")
}
