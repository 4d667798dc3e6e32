/* ir-score report: its command line. */
#include "base/base.h"
#include "base/option.h"
#include "base/output.h"
#include "page.h"

static const char usage[] =
    "usage: ir-score report [-o file] run-or-table ...\n"
    "Writes one HTML page on runs of hrl.mk: what was run, scores, robustness, training, the\n"
    "policy, curves and a gallery. The first run is what the others are compared with.\n"
    "\n"
    "  -o file         writes there instead of to standard output\n"
    "  -h, --help      prints this\n"
    "  -V, --version   prints the version\n"
    "\n"
    "A run is its directory; a table is a robustness table by itself.\n";

void report_command(int argc, char **argv)
{
    static const struct option names[] = {IR_LAST_OPTIONS};
    const char *path = NULL;
    int option;
    run *r;
    ir_output out;
    while ((option = ir_option(argc, argv, ":o:hV", names, usage)) != -1)
        path = optarg;
    if (optind == argc)
        ir_usage_die("report needs a run's directory or a robustness table");
    r = runs_read(argv + optind, argc - optind);
    out = ir_output_open_received(path);
    page_write(out.file, r, argc - optind);
    ir_output_close(&out);
    runs_free(r, argc - optind);
}
