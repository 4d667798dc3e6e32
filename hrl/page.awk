# The paper's tables as an HTML page: their titles on standard input, a line each, then notes.tsv, then
# the tables in that order. -v legend=: what their columns are.

BEGIN {
    FS = "\t"
    print "<!doctype html>\n<meta charset=\"utf-8\">\n<title>irtools: the paper's tables</title>\n<style>"
    print "body { font: 14px sans-serif; margin: 2em; color: #222; }"
    print "table { border-collapse: collapse; margin-bottom: 2em; }"
    print "td, th { padding: 2px 8px; text-align: right; border-bottom: 1px solid #ddd; }"
    print "td:first-child, th:first-child { text-align: left; }"
    print ".paper { color: #777; } .ours { font-weight: bold; }\n</style>"
    print "<h1>The paper's tables</h1>\n<p>" escaped(legend) "</p>"
}

FILENAME == ARGV[1] { title[++titles] = $0; next }
FILENAME == ARGV[2] {
    if (!/^#/) { note[++notes] = $1; text[$1] = $2 }
    next
}

FNR == 1 {
    if (tables++) print "</table>"
    print "<h2>" escaped(title[tables]) "</h2>\n<table>"
    for (i = 1; i <= NF; i++) class[i] = $i ~ /_paper$/ ? " class=\"paper\"" : \
                                         $i ~ /^(iou|pd|fa|rce)$/ ? " class=\"ours\"" : ""
    print_row("th")
    next
}

{
    n = split($NF, key, " ")
    for (i = 1; i <= n; i++) used[key[i]]
    print_row("td")
}

END {
    if (tables) print "</table>"
    for (i = 1; i <= notes; i++)
        if (note[i] in used) print "<p>" note[i] ": " escaped(text[note[i]]) "</p>"
}

function print_row(tag, i, line) {
    for (i = 1; i <= NF; i++) line = line "<" tag class[i] ">" escaped($i) "</" tag ">"
    print "<tr>" line "</tr>"
}

function escaped(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    return text
}
