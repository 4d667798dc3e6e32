/* Scoring, image by image; see scoring.h. */
#include "scoring.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "overlay.h"
#include "roc.h"
#include "stream/mask.h"
#include "totals.h"

/* Images from standard input have numbers for names; their masks know better. */
static bool named_by_masks(const options *o)
{
    return strcmp(o->operand[PREDICTED], "-") == 0;
}

static void set_names(const options *o, ir_image *im)
{
    if (named_by_masks(o))
        ir_image_set_name(&im[PREDICTED], im[TRUTH].name);
}

/* A mask of another size is an error, or scaled when that was asked for. */
static void fit(const options *o, ir_image *im)
{
    if (o->resize)
        ir_image_scale_nearest(&im[TRUTH], im[PREDICTED].width, im[PREDICTED].height);
    ir_check_same_size(&im[PREDICTED], &im[TRUTH], "the true mask", "--resize nearest scales it");
    if (o->operand[FRAME])
        ir_check_same_size(&im[PREDICTED], &im[FRAME],
                           o->versus ? "the other prediction" : "the frame", NULL);
}

struct scoring {
    const options *o;
    matcher *m;
    roc rates;
    totals one, sum;     /* of the image at hand, of all */
    sample image, other; /* by image, of the prediction and the one it is compared with */
    overlay *pictures;
    ir_masks *masks;
    /* the first prediction that has one value beside 0 and nothing above the threshold; NULL: none
     */
    char *dim_name;
    int dim, dim_maxval;
    bool above; /* some prediction has something above it */
};

/* Counts one prediction against the mask of s->m, into s->one, as far as the output needs it.
 * Returns the counts for the table per image. */
static counts count(scoring *s, const ir_image *predicted)
{
    const options *o = s->o;
    counts shown;
    matcher_set_prediction(s->m, predicted, ir_image_level_above(o->threshold, predicted->maxval));
    for (match_kind kind = 0; kind < MATCHES; kind++) {
        counts c;

        if (!o->all && kind != o->match)
            continue;
        c = matcher_count(s->m, kind);
        totals_set(&s->one, kind, &c);
        if (kind == o->match)
            shown = c;
    }
    if (s->one.pixels.steps > 0)
        curve_count(&s->one.pixels, predicted, matcher_truth(s->m));
    return shown;
}

/* A mask of 0 and 1 in 8 bits, which is empty by the threshold, is hardly meant so. But a map of
 * probabilities may look the same where there is no target: if another one is above the threshold,
 * they are as they should be. */
static void note_dim(scoring *s, const ir_image *predicted, long found)
{
    if (found > 0)
        s->above = true;
    if (s->above || s->dim_name)
        return;
    s->dim = ir_mask_single_value(predicted);
    s->dim_maxval = predicted->maxval;
    if (s->dim != 0)
        s->dim_name = ir_strdup(predicted->name);
}

static void warn_of_dim(const scoring *s)
{
    if (!s->above && s->dim_name)
        ir_warn("%s: the prediction holds 0 and %d, the maxval is %d: nothing of it is above the "
                "threshold (-t 0 takes all that is not black)",
                s->dim_name, s->dim, s->dim_maxval);
}

void scoring_warn(scoring *s)
{
    ir_masks_warn(s->masks);
    warn_of_dim(s);
}

void scoring_add(scoring *s, ir_image *im)
{
    const options *o = s->o;
    counts c;
    set_names(o, im);
    ir_masks_read(s->masks, &im[TRUTH]);
    fit(o, im);
    matcher_set_truth(s->m, &im[TRUTH]);
    c = count(s, &im[PREDICTED]);
    note_dim(s, &im[PREDICTED], c.predicted_pixels);
    if (o->per_image)
        report_image(stdout, im[PREDICTED].name, &c, o->format, s->sum.images == 0);
    totals_add(&s->sum, &s->one);
    if (s->pictures)
        overlay_write(s->pictures, &im[PREDICTED],
                      ir_image_level_above(o->threshold, im[PREDICTED].maxval), &im[TRUTH],
                      &im[FRAME]);
    if (o->roc)
        roc_add(&s->rates, s->m, &im[PREDICTED]);
    if (o->bootstrap.resamples > 0)
        sample_add(&s->image, &s->one);
    if (o->versus) {
        count(s, &im[OTHER]);
        sample_add(&s->other, &s->one);
    }
}

void scoring_print(const scoring *s, FILE *file, const double *clean_iou)
{
    const options *o = s->o;
    if (o->roc)
        roc_print(file, &s->rates, o->format);
    else if (o->pr)
        curve_print_pr(file, &s->sum.pixels, o->format);
    else if (o->versus)
        bootstrap_compare(file, &s->image, &s->other, &o->bootstrap, o->format);
    else if (o->bootstrap.resamples > 0)
        bootstrap_print(file, &s->image, &o->bootstrap, o->format);
    else if (!o->per_image)
        report_totals(file, &s->sum, o->match, o->format, clean_iou, o->all);
}

static overlay *open_overlay(const options *o, ir_matched *input)
{
    if (!o->overlay)
        return NULL;
    return overlay_new(o->overlay, o->root, o->png, input, named_by_masks(o) ? TRUTH : PREDICTED);
}

scoring *scoring_new(const options *o, ir_matched *input)
{
    scoring *s = ir_calloc(1, sizeof *s);
    int steps = o->pr || o->all ? o->thresholds : 0;
    *s = (scoring){.o = o,
                   .m = matcher_new(o->all),
                   .masks = ir_masks_new("true mask", o->true_above),
                   .rates = roc_new(o->thresholds, o->match),
                   .one = totals_new(steps),
                   .sum = totals_new(steps),
                   .pictures = open_overlay(o, input)};
    return s;
}

void scoring_free(scoring *s)
{
    matcher_free(s->m);
    roc_free(&s->rates);
    totals_free(&s->one);
    totals_free(&s->sum);
    sample_free(&s->image);
    sample_free(&s->other);
    overlay_free(s->pictures);
    ir_masks_free(s->masks);
    free(s->dim_name);
    free(s);
}
