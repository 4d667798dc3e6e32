/* ir-score: compares predicted masks or probability maps with true masks. See ir-score(1). */
#include <string.h>

#include "base/base.h"
#include "options.h"
#include "overlay.h"
#include "rce.h"
#include "report.h"
#include "roc.h"
#include "stream/stream.h"

/* Images from standard input have numbers for names; their masks know better. */
static void set_names(const options *o, ir_image *im)
{
    if (strcmp(o->operand[PREDICTED], "-") == 0)
        ir_image_set_name(&im[PREDICTED], im[TRUTH].name);
}

/* A mask of another size is an error, or scaled when that was asked for. */
static void fit(const options *o, ir_image *im)
{
    if (o->resize)
        ir_image_scale_nearest(&im[TRUTH], im[PREDICTED].width, im[PREDICTED].height);
    ir_check_same_size(&im[PREDICTED], &im[TRUTH], "the true mask");
    if (o->operand[FRAME] != NULL)
        ir_check_same_size(&im[PREDICTED], &im[FRAME], "the frame");
}

/* Counts one image as far as what is printed needs it; c gets what the table per image shows. */
static void count(const options *o, matcher *m, const ir_image *im, totals *one, counts *c)
{
    if (o->all) {
        for (match_kind kind = 0; kind < MATCHES; kind++) {
            *c = matcher_count(m, kind);
            totals_set(one, kind, c);
        }
    } else {
        *c = matcher_count(m, o->match);
        totals_set(one, o->match, c);
    }
    if (one->pixels.steps > 0)
        curve_count(&one->pixels, &im[PREDICTED], &im[TRUTH]);
}

/* Prints what is said of the whole set. */
static void print_set(const options *o, const roc *rates, const totals *sum,
                      const double *clean_iou)
{
    if (o->roc)
        roc_print(stdout, rates, o->format);
    else if (o->pr)
        curve_print_pr(stdout, &sum->pixels, o->format);
    else if (!o->per_image)
        report_totals(stdout, sum, o->match, o->format, clean_iou, o->all);
}

/* Reads all images and prints what was asked for; clean_iou: NULL without --rce. */
static void score(const options *o, const double *clean_iou)
{
    ir_matched *input = ir_matched_open(o->operand[FRAME] != NULL ? 3 : 2, o->operand);
    overlay *pictures = o->overlay != NULL ? overlay_new(o->overlay, input) : NULL;
    int steps = o->pr || o->all ? o->thresholds : 0;
    roc rates = roc_new(o->thresholds, o->match);
    matcher *m = matcher_new(o->all);
    ir_image im[STREAMS] = {0};
    totals sum = totals_new(steps), one = totals_new(steps);

    if (o->maxval > 0)
        ir_matched_set_maxval(input, FRAME, o->maxval);
    while (ir_matched_next(input, im)) {
        int level = first_level_above(o->threshold, im[PREDICTED].maxval);
        counts c;

        set_names(o, im);
        fit(o, im);
        matcher_set_truth(m, &im[TRUTH]);
        matcher_set_prediction(m, &im[PREDICTED], level);
        count(o, m, im, &one, &c);
        if (o->per_image)
            report_image(stdout, im[PREDICTED].name, &c, o->format, sum.images == 0);
        if (o->roc)
            roc_add(&rates, m, &im[PREDICTED]);
        if (pictures != NULL)
            overlay_write(pictures, &im[PREDICTED], level, &im[TRUTH], &im[FRAME]);
        totals_add(&sum, &one);
    }
    print_set(o, &rates, &sum, clean_iou);

    for (int i = 0; i < STREAMS; i++)
        ir_image_free(&im[i]);
    matcher_free(m);
    roc_free(&rates);
    totals_free(&sum);
    totals_free(&one);
    overlay_free(pictures);
    ir_matched_close(input);
}

int main(int argc, char **argv)
{
    options o;
    double clean_iou;

    ir_start("ir-score");
    o = parse_options(argc, argv);
    if (o.rce != NULL)
        clean_iou = read_clean_iou(o.rce);
    score(&o, o.rce != NULL ? &clean_iou : NULL);
    ir_flush(stdout, "standard output");
    return 0;
}
