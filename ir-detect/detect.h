/* What the parts of ir-detect share: its options, and the map that a detector makes of an image. */
#ifndef IR_DETECT_H
#define IR_DETECT_H

#include <stdbool.h>

#include "backend/backend.h"
#include "classical/method.h"
#include "stream/stream.h"

typedef enum { OUTPUT_MASK, OUTPUT_SOFT, OUTPUT_TARGETS, OUTPUT_FEATURE } output_kind;

typedef struct {
    const char *checkpoint; /* a learned detector, see checkpoint/models.h; NULL: not given */
    int method;             /* a classical one: index into methods[]; else -1 */
    double threshold;       /* -t; negative: not given */
    output_kind output;
    const char *feature;          /* name of the map that OUTPUT_FEATURE writes, or "list" */
    int depth;                    /* bits of a soft map or a feature: 8 or 16 */
    bool png;                     /* instead of PGM */
    const char *directory;        /* NULL: standard output */
    const char *overlay;          /* of pictures; "-": standard output; NULL: none */
    const char *root;             /* of the names in it, NULL: not given */
    ir_backend_options backend;   /* threads 0: all */
    bool placed;                  /* something but the threads of it was given */
    int maxval;                   /* 0: the files' */
    int batch;                    /* images that go through the network together; 0: not given */
    int tile;                     /* pixels a side; 0: whole frames; -1: not given */
    int overlap;                  /* of tiles, in pixels; -1: not given */
    double parameter[PARAMETERS]; /* of a classical method; 0: not given */
    double k;                     /* of the adaptive threshold; negative: not given */
    bool strict;                  /* an iteration must converge */
    double adapt;                 /* share of a frame's own batch norm statistics; negative: none */
    int window;                   /* frames that these are of; 0: not given */
    bool verbose, profile;
} options;

/* height x width values, row by row. What exceeds threshold is a target. */
typedef struct {
    int width, height;
    float *value;
    double low, high; /* what 0 and 1 of a soft map stand for */
    double threshold; /* in the values' units */
    size_t capacity;  /* values allocated */
} map;

/* Room for height x width values; they are undefined. */
void map_resize(map *m, int width, int height);
/* low and high become the smallest and largest value. */
void map_find_range(map *m);
void map_free(map *m);

/* Read all images of the stream and write what is detected; return how many images there were. */
long detect_learned(const options *o, int operands, char *const *operand);
long detect_classical(const options *o, int operands, char *const *operand);
/* The names that --feature takes with this checkpoint, one a line. */
void list_features(const options *o);

#endif
