/* ir-scenes: synthetic infrared frames with exact masks, for the tests and the demo.
 *
 *   DIR/images/NAME.pgm  DIR/masks/NAME.pgm  DIR/train.txt  DIR/test.txt
 *   DIR/targets.tsv      what was put where: name x y across aspect angle scr amplitude
 *
 * The same options give the same bytes; a scene depends on the seed and its name alone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/option.h"
#include "base/output.h"
#include "scene.h"
#include "stream/stream.h"

static const char usage[] =
    "usage: ir-scenes [-n count] [-t count] [-s WIDTHxHEIGHT] [-b bits] [-r seed] -o dir\n"
    "\n"
    "  -n count         scenes to make (32)\n"
    "  -t count         how many of them go to test.txt (a quarter)\n"
    "  -s WIDTHxHEIGHT  size of a frame (256x256)\n"
    "  -b bits          grey levels: 8 or 14 bits (8)\n"
    "  -r seed          random seed (0)\n"
    "  -o dir           where to write\n"
    "  -h, -V           this text; the version\n";

typedef struct {
    int count, test, width, height, bits;
    uint64_t seed;
    const char *directory;
} options;

static void parse_size(const char *text, options *o)
{
    int end = 0;
    if (sscanf(text, "%dx%d%n", &o->width, &o->height, &end) != 2 || text[end] != '\0' ||
        o->width < SCENE_MIN_SIDE || o->width > SCENE_MAX_SIDE || o->height < SCENE_MIN_SIDE ||
        o->height > SCENE_MAX_SIDE)
        ir_usage_die("-s: '%s' is not WIDTHxHEIGHT, each from %d to %d", text, SCENE_MIN_SIDE,
                     SCENE_MAX_SIDE);
}

static options parse(int argc, char **argv)
{
    enum { MAX_COUNT = 99999 };
    static const struct option longs[] = {IR_LAST_OPTIONS};
    static const char *const depths[] = {"8", "14"};
    options o = {.count = 32, .test = -1, .width = 256, .height = 256, .bits = 8};
    int c;

    while ((c = ir_option(argc, argv, ":n:t:s:b:r:o:hV", longs, usage)) != -1)
        switch (c) {
        case 'n':
            o.count = (int)ir_number(optarg, 1, MAX_COUNT, "-n");
            break;
        case 't':
            o.test = (int)ir_number(optarg, 0, MAX_COUNT, "-t");
            break;
        case 's':
            parse_size(optarg, &o);
            break;
        case 'b':
            o.bits = ir_choice(optarg, depths, 2, "-b") == 0 ? 8 : 14;
            break;
        case 'r':
            o.seed = ir_seed(optarg);
            break;
        case 'o':
            o.directory = optarg;
            break;
        }
    if (optind < argc)
        ir_usage_die("no operand is wanted: '%s'", argv[optind]);
    if (!o.directory)
        ir_usage_die("-o is missing");
    if (o.test < 0)
        o.test = o.count / 4;
    if (o.test > o.count)
        ir_usage_die("-t: more than the %d of -n", o.count);
    return o;
}

static char *inside(const options *o, const char *name)
{
    return ir_format("%s/%s", o->directory, name);
}

static void list_targets(FILE *file, const char *name, const scene *s)
{
    for (int i = 0; i < s->targets; i++) {
        const scene_target *t = &s->target[i];
        fprintf(file, "%s\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\n", name, t->x, t->y, t->across,
                t->aspect, t->angle, t->scr, t->amplitude);
    }
}

/* A file of DIR that goes on growing while scenes are made. */
static ir_output open_list(const options *o, const char *name)
{
    char *path = inside(o, name);
    ir_output out = ir_output_open(path);
    free(path);
    return out;
}

static ir_sink *open_sink(const options *o, const char *name)
{
    char *path = inside(o, name);
    ir_sink *sink = ir_sink_open(path, NULL, NULL, "pgm");
    free(path);
    return sink;
}

static void make_scenes(const options *o)
{
    ir_sink *images = open_sink(o, "images"), *masks = open_sink(o, "masks");
    ir_output train = open_list(o, "train.txt"), test = open_list(o, "test.txt");
    ir_output targets = open_list(o, "targets.tsv");
    field_maker *maker = field_maker_new(o->width, o->height);
    scene *s = scene_new(o->width, o->height);
    ir_image im = {0};
    for (int i = 0; i < o->count; i++) {
        char name[32];
        ir_rng rng;
        snprintf(name, sizeof name, "scene%05d", i + 1);
        rng = ir_rng_make(o->seed, "scene", name, 0);
        scene_make(s, maker, &rng);
        ir_image_set_name(&im, name);
        scene_frame(s, o->bits, &im);
        ir_sink_put(images, &im);
        scene_mask(s, &im);
        ir_sink_put(masks, &im);
        list_targets(targets.file, name, s);
        fprintf(i < o->count - o->test ? train.file : test.file, "%s\n", name);
    }
    ir_image_free(&im);
    scene_free(s);
    field_maker_free(maker);
    ir_output_close(&targets);
    ir_output_close(&test);
    ir_output_close(&train);
    ir_sink_close(masks);
    ir_sink_close(images);
}

int main(int argc, char **argv)
{
    options o;
    ir_start("ir-scenes");
    o = parse(argc, argv);
    if (mkdir(o.directory, 0777) != 0 && errno != EEXIST)
        ir_die_errno("%s", o.directory);
    make_scenes(&o);
    return 0;
}
