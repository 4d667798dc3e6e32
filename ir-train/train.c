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
#include "comm/comm.h"
#include "history.h"
#include "measure.h"
#include "nets/detector.h"
#include "progress.h"
#include "share.h"
#include "step.h"
#include "training_source.h"

typedef struct {
    const train_options *o;
    ir_comm *comm; /* the processes of this training, or NULL: it is alone */
    bool leads;    /* it reads and writes: it is alone, or the group's first */
    ir_backend *backend;
    source *source;  /* with the report, only where it leads */
    long frames;     /* of an epoch; negative: not known */
    long first_step; /* of this epoch */
    cropping how;    /* of this epoch */
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

/* In a group all are of one kind: what rounds otherwise would part from the others. */
static void open_backend(run *r)
{
    ir_backend_options options = r->o->backend;
    options.comm = r->comm;
    r->backend = ir_backend_open_as(options);
    if (!r->comm)
        return;
    char *text = ir_format("irtools %s (%llx), computing with %s%s", IR_VERSION,
                           (unsigned long long)IR_INTERFACE, r->backend->kind,
                           options.precision == IR_BF16 ? " in bfloat16" : "");
    ir_comm_agree(r->comm, text);
    free(text);
}

static void load(run *r)
{
    const train_options *o = r->o;
    ir_checkpoint *checkpoint = r->leads ? ir_model_read(o->checkpoint) : NULL;
    if (r->comm)
        checkpoint = ir_checkpoint_broadcast(checkpoint, r->comm);
    open_backend(r);
    r->trainer.ahead = r->backend->fetch && !r->comm;
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
    if (r->comm && o->whole_batch)
        ir_detector_set_whole_batch(r->trainer.detector);
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
    if (r->leads)
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
    const double before = (double)(b->before - r->how.before);
    const double share = r->frames > 0 ? fmin(before / (double)r->frames, 1) : 0;
    return rate_of_step(&r->o->rate, (double)r->history.epoch + share, r->history.step);
}

/* ---- an epoch -------------------------------------------------------------------------------- */

static bool read_batch(void *context, void *item)
{
    run *r = context;
    batch *b = item;
    if (b->capacity == 0)
        batch_make(b, r->o->batch, r->o->crop, r->o->corrupted != NULL);
    if (batch_fill(b, r->source, &r->how))
        return true;
    source_finish(r->source);
    return false;
}

/* On a batch, or on this process's part of one. */
static void train_on_part(run *r, const batch *b, double lr)
{
    step_loss loss;
    r->history.images = (long)b->before + b->whole;
    /* One image alone has no batch statistics where a network pools it to a point. */
    if (batch_whole_images(b) < 2 && r->history.step == r->first_step && r->leads)
        ir_die("%s: one image is no batch: batch normalisation needs two", b->name[0]);
    if (batch_whole_images(b) < 2)
        return;
    if (r->is_saved)
        measure_keep(&r->measurement, b);
    r->history.adam.lr = lr;
    if (train_step(&r->trainer, b, &r->history, &loss) && r->leads)
        report_step(r->report, &r->history, &loss);
}

static void train_on_batch(void *context, void *item)
{
    run *r = context;
    const batch *b = item;
    double lr = learning_rate(r, b);
    train_on_part(r, r->comm ? share_batch(r->trainer.share, b, &lr) : b, lr);
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
    if (r->comm)
        share_end(r->trainer.share);
}

/* Of batches that the first process reads. */
static void train_on_parts(run *r)
{
    const batch *part;
    double lr;
    while ((part = share_batch(r->trainer.share, NULL, &lr)))
        train_on_part(r, part, lr);
}

static void train_epoch(run *r)
{
    step_loss loss;
    r->first_step = r->history.step;
    measure_start(&r->measurement);
    r->how = (cropping){.normalisation = *ir_detector_normalisation(r->trainer.detector),
                        .seed = r->history.seed,
                        .before = (uint64_t)r->history.images};
    if (r->leads)
        train_on_batches(r);
    else
        train_on_parts(r);
    if (train_take_loss(&r->trainer, &loss))
        report_step(r->report, &r->history, &loss);
    r->history.epoch++;
    if (r->leads)
        report_epoch(r->report, &r->history);
}

static void describe(const run *r)
{
    const ir_params *params = ir_detector_params(r->trainer.detector);
    fprintf(stderr, "%s: %s, %zu parameters, %ld epochs and %ld steps so far, seed %llu, on %s",
            ir_program(), ir_detector_options(r->trainer.detector)->net, ir_params_trained(params),
            r->history.epoch, r->history.step, (unsigned long long)r->history.seed,
            r->backend->name);
    if (r->comm)
        fprintf(stderr, " in %d processes by %s", r->comm->size, r->comm->library);
    fputc('\n', stderr);
}

/* ---- a run ----------------------------------------------------------------------------------- */

/* Before anything is read: in a ring of FIFOs the other end waits for this. */
static void open_outputs(run *r, ir_output *rewards)
{
    const train_options *o = r->o;
    if (r->comm && r->comm->size > o->batch)
        ir_usage_die("--batch %d: fewer frames than processes, of which there are %d", o->batch,
                     r->comm->size);
    if (o->rewards) {
        *rewards = ir_output_open(o->rewards);
        r->trainer.rewards = ir_lines(rewards->file);
    }
    if (o->write)
        check_writable(o->write);
}

static void open_streams(run *r, char *images, char *masks)
{
    const train_options *o = r->o;
    r->source = source_open(&(source_options){.operand = {images, masks, o->corrupted},
                                              .maxval = o->maxval,
                                              .true_above = o->true_above,
                                              .resize = o->resize,
                                              .repeated = o->epochs > 1 || o->shuffle});
    if (o->shuffle && source_count(r->source) < 0)
        ir_usage_die("--shuffle: images and masks are not one to one, path by path");
    r->frames = source_frames(r->source);
    if (o->rate.cosine && r->frames < 0)
        ir_usage_die("--lr-schedule cosine: %s does not tell how many frames a pass has", images);
    const long count = source_count(r->source);
    r->report =
        report_new(o->log, o->quiet, o->corrupted != NULL, count < 0 ? -1 : count * o->epochs);
    if (o->verbose)
        describe(r);
}

static void train_epochs(run *r)
{
    const train_options *o = r->o;
    for (long epoch = 1; epoch <= o->epochs; epoch++) {
        if (r->leads && (o->epochs > 1 || o->shuffle))
            rewind_source(r);
        r->is_saved = epoch == o->epochs || (o->save_every > 0 && epoch % o->save_every == 0);
        train_epoch(r);
        if (r->is_saved && epoch < o->epochs)
            save(r);
    }
}

static void close_run(run *r)
{
    measure_free(&r->measurement);
    if (r->leads) {
        report_free(r->report);
        source_close(r->source);
    }
    ir_detector_free(r->trainer.detector);
    ir_backend_close(r->backend);
    share_free(r->trainer.share);
    ir_comm_close(r->comm);
}

/* A row of the profile: what this process sent, and its waiting for the others. All but the sums of
 * gradients is part of the operations' time. */
static void print_collectives(const ir_comm *c)
{
    if (c)
        fprintf(stderr, "collectives\t-\t%ld\t%.6f\t-\t-\t%.3f\n", c->calls, c->seconds,
                c->bytes / c->seconds / 1e9);
}

void train(const train_options *o, char *images, char *masks)
{
    run r = {.o = o,
             .comm = ir_comm_open(),
             .trainer = {.whole_batch = o->whole_batch,
                         .lambda = o->lambda,
                         .rewarded = o->rewards != NULL,
                         .rewards_name = o->rewards,
                         .rise = o->rise},
             .measurement = {.most = o->measure < 0 ? measured_batches(o->batch) : o->measure}};
    ir_output rewards = {0};
    r.measurement.comm = r.comm;
    r.leads = !r.comm || r.comm->rank == 0;
    if (r.comm)
        r.trainer.share = share_new(r.comm, o->crop, o->corrupted != NULL);
    if (r.leads)
        open_outputs(&r, &rewards);
    load(&r);
    if (r.leads)
        open_streams(&r, images, masks);
    ir_profile *profile = o->profile ? ir_profile_new() : NULL;
    ir_detector_set_profile(r.trainer.detector, profile);
    train_epochs(&r);
    if (r.trainer.rewards) {
        fclose(r.trainer.rewards);
        ir_output_close(&rewards);
    }
    save(&r);
    if (profile && r.leads) {
        ir_profile_print(profile, stderr);
        print_collectives(r.comm);
    }
    ir_profile_free(profile);
    close_run(&r);
}
