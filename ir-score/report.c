/* From counts to scores. */
#include "report.h"

#include <math.h>

void totals_add(totals *t, const counts *c)
{
    double iou = counts_iou(c);

    counts_add(&t->sum, c);
    t->images++;
    if (!isnan(iou)) {
        t->iou_sum += iou;
        t->iou_count++;
    }
}

void report_totals(FILE *file, const totals *t, table_format format, const double *clean_iou)
{
    const counts *c = &t->sum;
    double iou = counts_iou(c);
    entry e[] = {
        entry_real("iou", iou),
        entry_real("niou", quotient(t->iou_sum, (double)t->iou_count)),
        entry_real("pd", quotient((double)c->hits, (double)c->targets)),
        entry_real("fa_per_million", counts_fa_per_million(c)),
        entry_count("images", t->images),
        entry_count("targets", c->targets),
        entry_count("hits", c->hits),
        entry_count("false_alarm_pixels", c->false_alarm_pixels),
        entry_count("pixels", c->pixels),
        entry_real("rce", clean_iou ? quotient(*clean_iou - iou, *clean_iou) : NAN),
    };
    int n = (int)(sizeof e / sizeof *e) - (clean_iou == NULL);

    if (format == FORMAT_TEXT) {
        table_text(file, e, n);
    } else if (format == FORMAT_TSV) {
        table_tsv_header(file, e, n);
        table_tsv_row(file, e, n);
    } else {
        table_json(file, e, n);
        fputc('\n', file);
    }
}

void report_image(FILE *file, const char *name, const counts *c, table_format format, bool first)
{
    entry e[] = {
        entry_name("name", name),
        entry_real("iou", counts_iou(c)),
        entry_count("intersection", c->intersection),
        entry_count("union", counts_union(c)),
        entry_count("targets", c->targets),
        entry_count("hits", c->hits),
        entry_count("false_alarms", c->false_alarms),
        entry_count("false_alarm_pixels", c->false_alarm_pixels),
        entry_count("pixels", c->pixels),
    };
    int n = sizeof e / sizeof *e;

    if (format == FORMAT_JSON) {
        table_json(file, e, n);
        fputc('\n', file);
        return;
    }
    if (first)
        table_tsv_header(file, e, n);
    table_tsv_row(file, e, n);
}
