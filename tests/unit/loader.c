/* The loader of ir-train: test-loader DIR, an empty directory. One line per failure; exit 1 when
 * there was one. */
#include "../../ir-train/loader.c"

#include <math.h>
#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../ir-train/batch.c"
#include "../../ir-train/crop.c"
#include "../../ir-train/source.c"

enum { SIDE = 160, FRAMES = 10, ROOM = 4 };

static const cropping how = {.mean = 0, .std = 1, .seed = 1, .number = 5};
static int failures;

static void expect(bool good, const char *what)
{
    if (good)
        return;
    printf("failed: %s\n", what);
    failures++;
}

/* Grey all over: i + 1 of 255. */
static void write_frame(FILE *file, int i)
{
    fprintf(file, "P5\n%d %d\n255\n", SIDE, SIDE);
    for (int k = 0; k < SIDE * SIDE; k++)
        putc(i + 1, file);
}

/* that the batch begins with frame i */
static bool begins_with(const batch *b, int i)
{
    return lroundf(b->image[0] * 255) == i + 1;
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file)
        ir_die_errno("%s", path);
    return file;
}

static void close_written(FILE *file)
{
    if (fclose(file) != 0)
        ir_die_errno("a frame is not written");
}

/* ---- a batch is there before it is asked for ------------------------------------------------- */

typedef struct {
    const char *path;
    sem_t second_written;
} feed;

/* Two batches, each larger than a pipe: the second is written once somebody has read most of it. */
static void *write_batches(void *argument)
{
    feed *f = argument;
    FILE *file = create(f->path);

    for (int i = 0; i < 2 * ROOM; i++)
        write_frame(file, i);
    fflush(file);
    sem_post(&f->second_written);
    close_written(file);
    return NULL;
}

static bool is_posted_soon(sem_t *sem)
{
    struct timespec limit;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    return sem_timedwait(sem, &limit) == 0;
}

static void test_reads_ahead(void)
{
    char images[] = "pipe", masks[] = "masks.pgm";
    feed f = {.path = images};
    pthread_t writer;
    FILE *file = create(masks);

    for (int i = 0; i < 2 * ROOM; i++)
        write_frame(file, i);
    close_written(file);
    if (mkfifo(images, 0666) != 0)
        ir_die_errno("%s", images);
    sem_init(&f.second_written, 0, 0);
    pthread_create(&writer, NULL, write_batches, &f);
    source *s = source_open(images, masks, NULL, 0, false);
    loader *l = loader_new(s, ROOM, SIDE, false, true);
    loader_begin(l, how);
    const batch *b = loader_next(l);
    expect(is_posted_soon(&f.second_written), "the second batch is read while the first is held");
    expect(begins_with(b, 0), "a batch stays what it is while the next one is filled");
    b = loader_next(l);
    expect(b && begins_with(b, ROOM), "the second batch follows the first");
    expect(!loader_next(l), "the pass has an end");
    pthread_join(writer, NULL);
    loader_free(l);
    source_close(s);
}

/* ---- the same batches either way ------------------------------------------------------------- */

/* What is in a batch, as one number that its order changes, too. */
static double digest(const batch *b, double so_far)
{
    for (int i = 0; i < b->count; i++)
        so_far = so_far * 1.5 + b->image[i * SIDE * SIDE] + b->name[i][strlen(b->name[i]) - 1];
    return so_far + 1000.0 * b->count + (double)b->seen;
}

/* Two passes: forwards, then backwards. */
static double digest_of_passes(bool ahead, int *batches)
{
    char images[] = "images", masks[] = "masks";
    source *s = source_open(images, masks, NULL, 0, true);
    loader *l = loader_new(s, ROOM, SIDE, false, ahead);
    size_t order[FRAMES];
    double sum = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < FRAMES; i++)
            order[i] = pass == 0 ? i : FRAMES - 1 - i;
        source_again(s, order);
        loader_begin(l, how);
        for (const batch *b; (b = loader_next(l)) != NULL; ++*batches)
            sum = digest(b, sum);
    }
    loader_free(l);
    source_close(s);
    return sum;
}

static void test_same_batches(void)
{
    const char *const directory[] = {"images", "masks"};
    int batches = 0;
    char path[64];

    for (int d = 0; d < 2; d++) {
        mkdir(directory[d], 0777);
        for (int i = 0; i < FRAMES; i++) {
            snprintf(path, sizeof path, "%s/frame%d.pgm", directory[d], i);
            FILE *file = create(path);
            write_frame(file, i);
            close_written(file);
        }
    }
    const double alone = digest_of_passes(false, &batches);
    expect(digest_of_passes(true, &batches) == alone, "the same batches, filled ahead or not");
    expect(batches == 4 * ((FRAMES + ROOM - 1) / ROOM), "a pass has so many batches");
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    if (argc != 2 || chdir(argv[1]) != 0)
        ir_die_errno("a directory is needed");
    test_reads_ahead();
    test_same_batches();
    return failures > 0;
}
