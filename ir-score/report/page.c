/* The page around the sections. */
#include "page.h"

#include "html.h"
#include "section.h"

static void names_of_runs(FILE *file, const run *r, int n)
{
    for (int i = 0; i < n; i++)
        html(file, "%s%s", i > 0 ? ", " : "", r[i].name);
}

void page_write(FILE *file, const run *r, int n)
{
    static void (*const section[])(FILE *, const run *, int) = {
        section_about,  section_scores, section_robustness, section_training,
        section_policy, section_curves, section_gallery,
    };
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>irtools report: ",
          file);
    names_of_runs(file, r, n);
    html(file, "</title>\n<style>\n");
    fputs(page_style, file);
    fputs("</style>\n</head>\n<body>\n<header>\n<h1>Robustness report: ", file);
    names_of_runs(file, r, n);
    fputs("</h1>\n<nav><a href=\"#run\">What was run</a> <a href=\"#scores\">Scores</a> "
          "<a href=\"#robustness\">Robustness</a> <a href=\"#training\">Training</a> "
          "<a href=\"#policy\">Policy</a> <a href=\"#curves\">Curves</a> "
          "<a href=\"#gallery\">Gallery</a></nav>\n</header>\n<main>\n",
          file);
    for (size_t i = 0; i < sizeof section / sizeof *section; i++)
        section[i](file, r, n);
    html(file, "</main>\n<footer>irtools %s</footer>\n</body>\n</html>\n", IR_VERSION);
}
