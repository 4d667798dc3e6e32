/* ir-train export: what detection needs of a checkpoint, described and sealed with a checksum. */
#include "export.h"

#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/base.h"
#include "base/option.h"
#include "checkpoint/models.h"
#include "history.h"
#include "nets/detector.h"

typedef struct {
    const char *checkpoint, *describe, *write; /* NULL: not given */
    bool half;
} export_options;

enum { HALF = 256, DESCRIBE };

static const struct option long_options[] = {
    {"checkpoint", required_argument, NULL, 'c'},
    {"half", no_argument, NULL, HALF},
    {"describe", required_argument, NULL, DESCRIBE},
    {"write", required_argument, NULL, 'w'},
    IR_LAST_OPTIONS,
};

static void parse(export_options *o, int argc, char **argv, const char *usage)
{
    int option;
    while ((option = ir_option(argc, argv, ":c:w:hV", long_options, usage)) != -1) {
        switch (option) {
        case 'c':
            o->checkpoint = optarg;
            break;
        case HALF:
            o->half = true;
            break;
        case DESCRIBE:
            o->describe = optarg;
            break;
        case 'w':
            o->write = strcmp(optarg, "-") == 0 ? NULL : optarg;
            break;
        }
    }
    if (!o->checkpoint)
        ir_usage_die("export: -c is missing");
    if (optind < argc)
        ir_usage_die("export: %s: images are of no use here", argv[optind]);
    if (!o->write && isatty(STDOUT_FILENO))
        ir_usage_die("a checkpoint is nothing for a terminal: -w FILE or > FILE");
}

/* The detector as detection sees it: averaged weights and measured statistics replace the others,
 * Adam's moments are dropped. The description stays. */
static ir_checkpoint *to_detect(const char *path)
{
    ir_checkpoint *trained = ir_model_read(path);
    ir_backend *backend = ir_backend_open("cpu", 1);
    ir_detector *detector = ir_detector_load(backend, trained, IR_TO_DETECT);
    const history h = history_read(trained, ir_detector_params(detector));
    ir_checkpoint *model = ir_detector_save(detector, false);
    history_write(&h, model);
    for (int i = 0; ir_description[i]; i++) {
        const char *value = ir_meta_find(trained, ir_description[i]);
        if (value)
            ir_meta_set(model, ir_description[i], "%s", value);
    }
    ir_detector_free(detector);
    ir_backend_close(backend);
    ir_checkpoint_free(trained);
    return model;
}

/* The weights: statistics are few, and their range is the frames' affair. */
static void halve(ir_checkpoint *model)
{
    static const char weights[] = "param/";
    for (size_t i = 0; i < ir_checkpoint_count(model); i++) {
        ir_array *array = ir_checkpoint_at(model, i);
        array->half = strncmp(array->name, weights, sizeof weights - 1) == 0;
    }
}

void export_command(int argc, char **argv, const char *usage)
{
    export_options o = {0};
    parse(&o, argc, argv, usage);
    ir_checkpoint *model = to_detect(o.checkpoint);
    if (o.describe)
        ir_meta_describe(model, o.describe);
    if (o.half)
        halve(model);
    ir_checkpoint_seal(model);
    ir_checkpoint_write(model, o.write);
    ir_checkpoint_free(model);
}
