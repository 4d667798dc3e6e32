/* A table, its numbers, and the IoU that ir-score --clean-iou reads from one. */
#include <math.h>
#include <string.h>

#include "../../ir-score/rce.h"
#include "../../ir-score/tsv.h"
#include "base/base.h"
#include "contain.h"
#include "files.h"

enum { MOST_SOUGHT = 16 };

static void run(void *context)
{
    tsv *t = tsv_read("in");
    double sum = 0;
    (void)context;
    for (int i = 0; i < t->columns && i < MOST_SOUGHT; i++)
        if (strcmp(t->cell[tsv_find(t, t->cell[i])], t->cell[i]) != 0)
            fault("column %d is not found by its name", i);
    for (size_t row = 0; row < t->rows; row++)
        for (int i = 1; i < t->columns; i++)
            sum += tsv_real(t, row, i);
    tsv_free(t);
    if (isinf(sum))
        ir_die("in: the numbers are too large");
}

static void run_rce(void *context)
{
    double iou = read_clean_iou("in");
    (void)context;
    if (!isnan(iou) && (iou < 0 || iou > 1))
        fault("an IoU of %g", iou);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    files_clear();
    files_add("in", data, size);
    contain(size % 4 == 0 ? run_rce : run, NULL);
    return 0;
}
