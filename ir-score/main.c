/* ir-score: compares predicted masks or probability maps with true masks. See ir-score(1). */
#include <string.h>

#include "base/base.h"
#include "base/lines.h"
#include "rce.h"
#include "report/page.h"
#include "score_options.h"
#include "scoring.h"
#include "stream/stream.h"

/* Reads all images and prints what was asked for. */
static void score(const options *o, const double *clean_iou)
{
    ir_matched *input = ir_matched_open(o->operand[FRAME] ? 3 : 2, o->operand);
    scoring *s = scoring_new(o, input);
    ir_image im[STREAMS] = {0};
    if (o->maxval > 0)
        ir_matched_set_maxval(input, FRAME, o->maxval);
    while (ir_matched_next(input, im))
        scoring_add(s, im);
    scoring_print(s, stdout, clean_iou);
    scoring_warn(s);

    for (int i = 0; i < STREAMS; i++)
        ir_image_free(&im[i]);
    scoring_free(s);
    ir_matched_close(input);
}

int main(int argc, char **argv)
{
    options o;
    double clean_iou;
    ir_start("ir-score");
    if (argc > 1 && strcmp(argv[1], "report") == 0) {
        report_command(argc - 1, argv + 1);
        return 0;
    }
    o = parse_options(argc, argv);
    ir_lines_on_stdout();
    if (o.rce)
        clean_iou = read_clean_iou(o.rce);
    score(&o, o.rce ? &clean_iou : NULL);
    ir_flush(stdout, "standard output");
    return 0;
}
