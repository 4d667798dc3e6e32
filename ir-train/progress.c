/* Log records and the progress line. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/lines.h"

struct report {
    FILE *file; /* NULL: no log */
    FILE *log;  /* its lines */
    const char *log_name;
    bool headed, paired, progress;
    long frames, done; /* of the whole run */
    double began, last_line;
    /* this epoch */
    double epoch_began, clean, corrupted;
    long epoch_frames;
};

static void write_header(report *r)
{
    fputs("# epoch\tstep\tloss_clean\tloss_corrupted\timages_per_second\tlr\tseconds\n", r->log);
    ir_flush(r->log, r->log_name);
    r->headed = true;
}

/* A file gets its header at once, so that a full disk shows early. Standard error gets it with the
 * first record, so that a run that fails before prints only one line. */
static void open_log(report *r, const char *path, bool quiet)
{
    r->file = path ? fopen(path, "a") : quiet ? NULL : stderr;
    r->log_name = path ? path : "standard error";
    if (path && !r->file)
        ir_die_errno("%s", path);
    if (!r->file)
        return;
    r->log = ir_lines(r->file);
    r->headed = path && fseek(r->file, 0, SEEK_END) == 0 && ftell(r->file) > 0;
    if (path && !r->headed)
        write_header(r);
}

report *report_new(const char *log, bool quiet, bool paired, long frames)
{
    report *r = ir_calloc(1, sizeof *r);
    open_log(r, log, quiet);
    r->paired = paired;
    r->progress = !quiet && isatty(STDERR_FILENO);
    r->frames = frames;
    r->began = r->epoch_began = ir_seconds();
    return r;
}

static void clear_line(const report *r)
{
    if (r->progress)
        fputs("\r\033[K", stderr);
}

static void show_progress(report *r, const history *h, const step_loss *loss)
{
    const double now = ir_seconds(), rate = (double)r->done / (now - r->began);
    if (!r->progress || now - r->last_line < 0.2)
        return;
    r->last_line = now;
    clear_line(r);
    fprintf(stderr, "epoch %ld  step %ld  loss %.4f", h->epoch + 1, loss->step, loss->clean);
    if (r->paired)
        fprintf(stderr, "  corrupted %.4f", loss->corrupted);
    fprintf(stderr, "  %.1f images/s", rate);
    if (r->frames > 0) {
        const long left = (long)((double)(r->frames - r->done) / rate + 0.5);
        fprintf(stderr, "  %ld:%02ld:%02ld left", left / 3600, left / 60 % 60, left % 60);
    }
}

void report_step(report *r, const history *h, const step_loss *loss)
{
    r->done += loss->frames;
    r->epoch_frames += loss->frames;
    r->clean += loss->clean * loss->frames;
    r->corrupted += loss->corrupted * loss->frames;
    show_progress(r, h, loss);
}

void report_epoch(report *r, const history *h)
{
    const double now = ir_seconds(), seconds = now - r->epoch_began;
    const double frames = (double)r->epoch_frames;
    clear_line(r);
    if (r->log) {
        if (!r->headed)
            write_header(r);
        fprintf(r->log, "%ld\t%ld\t%.6f\t", h->epoch, h->step, r->clean / frames);
        if (r->paired)
            fprintf(r->log, "%.6f", r->corrupted / frames);
        else
            fputc('-', r->log);
        fprintf(r->log, "\t%.2f\t%.9g\t%.2f\n", frames / seconds, h->adam.lr, seconds);
        ir_flush(r->log, r->log_name);
    }
    r->epoch_began = now;
    r->clean = r->corrupted = 0;
    r->epoch_frames = 0;
}

void report_free(report *r)
{
    if (r->log)
        fclose(r->log);
    if (r->file && r->file != stderr && fclose(r->file) != 0)
        ir_die_errno("%s", r->log_name);
    free(r);
}
