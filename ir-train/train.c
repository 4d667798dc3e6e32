/* Runs epochs of training steps from one checkpoint to the next. */
#include "train.h"

#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/base.h"
#include "base/lines.h"
#include "base/output.h"
#include "base/philox.h"
#include "base/pipeline.h"
#include "batch.h"
#include "checkpoint/models.h"
#include "history.h"
#include "measure.h"
#include "nets/detector.h"
#include "report.h"
#include "source.h"
#include "step.h"

typedef struct {
    const train_options *o;
    ir_backend *backend;
    source *source;
    long frames;                  /* of an epoch; negative: not known */
    long first_step, first_image; /* of this epoch */
    cropping how;                 /* of the frames that are read next */
    trainer trainer;
    bool is_saved; /* after this epoch */
    measurement measurement;
    history history;
    report *report;
} run;

/* Hours of training should not end in "Permission denied". */
static void check_writable(const char *path)
{
    struct stat st;
    char *copy = ir_strdup(path);
    const bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);

    if (access(special ? path : dirname(copy), W_OK) != 0)
        ir_die_errno("%s", path);
    free(copy);
}

static void load(run *r)
{
    const train_options *o = r->o;
    ir_checkpoint *checkpoint = ir_model_read(o->checkpoint);

    r->backend = ir_backend_open_as(o->backend);
    r->trainer.ahead = r->backend->fetch != NULL;
    r->trainer.detector = ir_detector_load(r->backend, checkpoint, IR_TO_TRAIN);
    r->history = history_read(checkpoint, ir_detector_params(r->trainer.detector));
    ir_checkpoint_free(checkpoint);
    if (o->has_seed)
        r->history.seed = o->seed;
    history_set_ema(&r->history, o->ema >= 0 ? o->ema : r->history.ema,
                    ir_detector_params(r->trainer.detector));
    if (r->history.ema > 0 && o->measure == 0)
        ir_usage_die("--measure 0: averaged weights have no statistics but measured ones");
    if (o->bn_momentum >= 0)
        ir_detector_set_bn_momentum(r->trainer.detector, o->bn_momentum);
    if (o->has_bce)
        ir_detector_set_bce(r->trainer.detector, o->bce_weight < 0 ? 1 : o->bce_weight);
    const int multiple = ir_detector_multiple(r->trainer.detector);
    if (o->crop % multiple != 0)
        ir_usage_die("--crop: %d is not a multiple of %d", o->crop, multiple);
}

static void save(run *r)
{
    ir_checkpoint *checkpoint = ir_detector_save(r->trainer.detector, true);

    measure_statistics(&r->measurement, r->trainer.detector, checkpoint);
    history_write(&r->history, checkpoint);
    ir_checkpoint_write(checkpoint, r->o->write);
    ir_checkpoint_free(checkpoint);
}

/* The epoch's order depends on its number alone, so that a resumed run goes on as if uninterrupted.
 */
static void rewind_source(run *r)
{
    const size_t count = (size_t)source_count(r->source);
    size_t *order = NULL;

    if (r->o->shuffle) {
        ir_rng rng = ir_rng_make(r->history.seed, "shuffle", "", (uint64_t)r->history.epoch);
        order = ir_calloc(count, sizeof *order);
        ir_rng_permutation(&rng, count, order);
    }
    source_again(r->source, order);
    free(order);
}

/* Of the step on this batch. */
static double learning_rate(const run *r, const batch *b)
{
    const double before = (double)((long)b->seen - b->count - r->first_image);
    const double share = r->frames > 0 ? fmin(before / (double)r->frames, 1) : 0;

    return rate_of_step(&r->o->rate, (double)r->history.epoch + share, r->history.step);
}

/* ---- an epoch -------------------------------------------------------------------------------- */

static bool read_batch(void *context, void *item)
{
    run *r = context;
    batch *b = item;

    if (b->room == 0)
        batch_make(b, r->o->batch, r->o->crop, r->o->corrupted != NULL);
    if (batch_fill(b, r->source, &r->how))
        return true;
    source_finish(r->source);
    return false;
}

static void train_on_batch(void *context, void *item)
{
    run *r = context;
    const batch *b = item;
    step_loss loss;

    r->history.images = (long)b->seen;
    /* One image alone has no batch statistics where a network pools it to a point. */
    if (batch_images(b) < 2 && r->history.step == r->first_step)
        ir_die("%s: one image is no batch: batch normalisation needs two", b->name[0]);
    if (batch_images(b) < 2)
        return;
    if (r->is_saved)
        measure_keep(&r->measurement, b);
    r->history.adam.lr = learning_rate(r, b);
    if (train_step(&r->trainer, b, &r->history, &loss))
        report_step(r->report, &r->history, &loss);
}

static void leave_batch(void *context, void *item)
{
    (void)context;
    (void)item;
}

static void free_batch(void *item)
{
    batch_free(item);
}

/* A device that works by itself has its next batches read meanwhile. */
static void train_on_batches(run *r)
{
    static const ir_pipeline pipeline = {sizeof(batch), read_batch, train_on_batch, leave_batch,
                                         free_batch};

    if (r->trainer.ahead)
        ir_pipeline_run_here(&pipeline, r);
    else
        ir_pipeline_run(&pipeline, r, 1);
}

static void train_epoch(run *r)
{
    step_loss loss;

    r->first_step = r->history.step;
    measure_start(&r->measurement);
    r->first_image = r->history.images;
    r->how = (cropping){.normalisation = *ir_detector_normalisation(r->trainer.detector),
                        .seed = r->history.seed,
                        .number = (uint64_t)r->history.images};
    train_on_batches(r);
    if (train_last_loss(&r->trainer, &loss))
        report_step(r->report, &r->history, &loss);
    r->history.epoch++;
    report_epoch(r->report, &r->history);
}

static void describe(const run *r)
{
    const ir_params *params = ir_detector_params(r->trainer.detector);

    fprintf(stderr, "%s: %s, %zu parameters, %ld epochs and %ld steps so far, seed %llu, on %s\n",
            ir_program(), ir_detector_options(r->trainer.detector)->net, ir_params_trained(params),
            r->history.epoch, r->history.step, (unsigned long long)r->history.seed,
            r->backend->name);
}

void train(const train_options *o, char *images, char *masks)
{
    const bool repeated = o->epochs > 1 || o->shuffle;
    run r = {.o = o,
             .trainer = {.whole_batch = o->whole_batch,
                         .lambda = o->lambda,
                         .rewards_name = o->rewards,
                         .rise = o->rise},
             .measurement = {.most = o->measure < 0 ? measured_batches(o->batch) : o->measure}};
    ir_output rewards = {0};

    /* Before anything is read: in a ring of FIFOs the other end waits for this. */
    if (o->rewards) {
        rewards = ir_output_open(o->rewards);
        r.trainer.rewards = ir_lines(rewards.file);
    }
    if (o->write)
        check_writable(o->write);
    load(&r);
    r.source = source_open(&(source_options){.operand = {images, masks, o->corrupted},
                                             .maxval = o->maxval,
                                             .true_above = o->true_above,
                                             .resize = o->resize,
                                             .repeated = repeated});
    if (o->shuffle && source_count(r.source) < 0)
        ir_usage_die("--shuffle: images and masks are not one to one, path by path");
    r.frames = source_frames(r.source);
    if (o->rate.cosine && r.frames < 0)
        ir_usage_die("--lr-schedule cosine: %s does not tell how many frames a pass has", images);
    const long count = source_count(r.source);
    r.report =
        report_new(o->log, o->quiet, o->corrupted != NULL, count < 0 ? -1 : count * o->epochs);
    ir_profile *profile = o->profile ? ir_profile_new() : NULL;
    ir_detector_set_profile(r.trainer.detector, profile);
    if (o->verbose)
        describe(&r);

    for (long epoch = 1; epoch <= o->epochs; epoch++) {
        if (repeated)
            rewind_source(&r);
        r.is_saved = epoch == o->epochs || (o->save_every > 0 && epoch % o->save_every == 0);
        train_epoch(&r);
        if (r.is_saved && epoch < o->epochs)
            save(&r);
    }
    if (o->rewards) {
        fclose(r.trainer.rewards);
        ir_output_close(&rewards);
    }
    save(&r);
    if (o->profile)
        ir_profile_print(profile, stderr);

    ir_profile_free(profile);
    measure_free(&r.measurement);
    report_free(r.report);
    source_close(r.source);
    ir_detector_free(r.trainer.detector);
    ir_backend_close(r.backend);
}
