/* Rows of images.tsv in order of what went wrong there. */
#include "gallery.h"

#include <math.h>
#include <string.h>

static double number(const run *r, size_t row, const char *column)
{
    return tsv_real(r->images, row, tsv_need(r->images, column));
}

static const char *text(const run *r, size_t row, const char *column)
{
    return tsv_text(r->images, row, tsv_need(r->images, column));
}

long gallery_same(const run *r, size_t row, const run *other)
{
    const char *key[] = {text(r, row, "name"), text(r, row, "corruption"),
                         text(r, row, "severity")};
    return row_index_find(&other->image_rows, key, 3);
}

/* How bad a row is; not above 0: not at all. Ties among misses go to the lower IoU. */
static double badness(gallery which, const run *r, const run *other, size_t row)
{
    double iou = number(r, row, "iou");
    long same;
    if (which == GALLERY_MISSES) {
        double missed = number(r, row, "targets") - number(r, row, "hits");

        return missed > 0 ? missed + (isnan(iou) ? 0 : 0.5 * (1 - iou)) : 0;
    }
    if (which == GALLERY_ALARMS)
        return number(r, row, "false_alarm_pixels");
    same = other ? gallery_same(r, row, other) : -1;
    if (same < 0)
        return 0;
    iou -= number(other, (size_t)same, "iou");
    return isnan(iou) ? 0 : which == GALLERY_GAINS ? iou : -iou;
}

int gallery_pick(gallery which, const run *r, const run *other, size_t row[GALLERY_CASES])
{
    double worst[GALLERY_CASES];
    int n = 0;
    for (size_t i = 0; i < r->images->rows; i++) {
        double bad = badness(which, r, other, i);
        int at = n;

        if (!(bad > 0))
            continue;
        while (at > 0 && worst[at - 1] < bad)
            at--;
        if (at == GALLERY_CASES)
            continue;
        n += n < GALLERY_CASES;
        for (int k = n - 1; k > at; k--) {
            worst[k] = worst[k - 1];
            row[k] = row[k - 1];
        }
        worst[at] = bad;
        row[at] = i;
    }
    return n;
}
