/* Reading one column of a table with one row. */
#include "rce.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "tsv.h"

double read_clean_iou(const char *path)
{
    tsv *t = tsv_read(path);
    int column = tsv_find(t, "iou");
    double iou;
    if (column < 0)
        ir_die("%s: no column iou: not written by ir-score --tsv", path);
    if (t->rows > 1)
        ir_die("%s:%ld: a second row of scores", path, t->line[2]);
    iou = tsv_real(t, 0, column);
    if (isnan(iou) ? strcmp(tsv_text(t, 0, column), "nan") != 0 : iou < 0 || iou > 1)
        tsv_refuse(t, 0, column, "a number from 0 to 1");
    tsv_free(t);
    return iou;
}
