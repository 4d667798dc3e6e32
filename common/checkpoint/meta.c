/* The page of text in front of a checkpoint: lines "key value", each key once, in order of writing.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint_internal.h"

const char *ir_meta_find(const ir_checkpoint *checkpoint, const char *key)
{
    for (size_t i = 0; i < checkpoint->metas; i++)
        if (strcmp(checkpoint->meta[i].key, key) == 0)
            return checkpoint->meta[i].value;
    return NULL;
}

const char *ir_meta_text(const ir_checkpoint *checkpoint, const char *key)
{
    const char *value = ir_meta_find(checkpoint, key);
    if (!value)
        ir_die("%s: meta: no %s", checkpoint->path, key);
    return value;
}

double ir_meta_real(const ir_checkpoint *checkpoint, const char *key, double min, double max)
{
    const char *text = ir_meta_text(checkpoint, key);
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        ir_die("%s: meta: %s: '%s' is not a number", checkpoint->path, key, text);
    if (value < min || value > max)
        ir_die("%s: meta: %s: %s is not within %g and %g", checkpoint->path, key, text, min, max);
    return value;
}

long ir_meta_number(const ir_checkpoint *checkpoint, const char *key, long min, long max)
{
    const char *text = ir_meta_text(checkpoint, key);
    char *end;
    long value;
    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0)
        ir_die("%s: meta: %s: '%s' is not a whole number", checkpoint->path, key, text);
    if (value < min || value > max)
        ir_die("%s: meta: %s: %s is not within %ld and %ld", checkpoint->path, key, text, min, max);
    return value;
}

long ir_meta_count(const ir_checkpoint *checkpoint, const char *key, long min)
{
    const long most = 1000000000000000;
    return ir_meta_number(checkpoint, key, min, most);
}

/* Takes over value. */
static void append(ir_checkpoint *checkpoint, const char *key, char *value)
{
    if (checkpoint->metas == checkpoint->meta_capacity) {
        checkpoint->meta_capacity = 2 * checkpoint->meta_capacity + 16;
        checkpoint->meta =
            ir_realloc(checkpoint->meta, checkpoint->meta_capacity, sizeof *checkpoint->meta);
    }
    checkpoint->meta[checkpoint->metas++] = (ir_meta_line){ir_strdup(key), value};
}

void ir_meta_set(ir_checkpoint *checkpoint, const char *key, const char *format, ...)
{
    char *value;
    va_list args;
    va_start(args, format);
    if (vasprintf(&value, format, args) < 0)
        ir_die("out of memory");
    va_end(args);
    for (size_t i = 0; i < checkpoint->metas; i++)
        if (strcmp(checkpoint->meta[i].key, key) == 0) {
            free(checkpoint->meta[i].value);
            checkpoint->meta[i].value = value;
            return;
        }
    append(checkpoint, key, value);
}

static bool key_ok(const char *key)
{
    if (*key == '\0')
        return false;
    for (; *key != '\0'; key++)
        if (!isalnum((unsigned char)*key) && !strchr("_-.", *key))
            return false;
    return true;
}

static bool printable(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            return false;
    return true;
}

/* where: for messages, what the text is. */
static void parse(ir_checkpoint *checkpoint, const char *where, char *text, size_t length)
{
    int number = 1;
    if (strlen(text) != length)
        ir_die("%s: not text", where);
    for (char *line = text, *next; *line != '\0'; line = next, number++) {
        char *space, *end = strchr(line, '\n');
        next = end ? end + 1 : line + strlen(line);
        if (end)
            *end = '\0';
        space = strchr(line, ' ');
        if (space)
            *space = '\0';
        if (!space || !key_ok(line) || !printable(space + 1))
            ir_die("%s: line %d is not 'key value'", where, number);
        if (ir_meta_find(checkpoint, line))
            ir_die("%s: %s is there twice", where, line);
        append(checkpoint, line, ir_strdup(space + 1));
    }
}

void ir_meta_parse(ir_checkpoint *checkpoint, char *text, size_t length)
{
    char *where = ir_format("%s: meta", checkpoint->path);
    parse(checkpoint, where, text, length);
    free(where);
}

const char *const ir_description[] = {"name", "trained_on", "scores", "licence", "made_by", NULL};

static bool describes(const char *key)
{
    for (int i = 0; ir_description[i]; i++)
        if (strcmp(key, ir_description[i]) == 0)
            return true;
    return false;
}

void ir_meta_describe(ir_checkpoint *checkpoint, const char *path)
{
    static char text[IR_MAX_META_BYTES];
    ir_checkpoint description = {0};
    FILE *file = ir_open_in(path);
    const size_t length = fread(text, 1, sizeof text - 1, file);
    if (ferror(file) || !feof(file))
        ir_die("%s: %s", path, ferror(file) ? "cannot be read" : "too large");
    if (file != stdin)
        fclose(file);
    text[length] = '\0';
    parse(&description, path, text, length);
    for (size_t i = 0; i < description.metas; i++) {
        const ir_meta_line *line = &description.meta[i];
        if (!describes(line->key))
            ir_die("%s: %s is none of name, trained_on, scores, licence, made_by", path, line->key);
        ir_meta_set(checkpoint, line->key, "%s", line->value);
    }
    ir_meta_free(&description);
}

char *ir_meta_print(const ir_checkpoint *checkpoint)
{
    size_t size = 1, at = 0;
    char *text;
    for (size_t i = 0; i < checkpoint->metas; i++)
        size += strlen(checkpoint->meta[i].key) + strlen(checkpoint->meta[i].value) + 2;
    text = ir_calloc(size, 1); /* a text even where there is no line */
    for (size_t i = 0; i < checkpoint->metas; i++)
        at += (size_t)snprintf(text + at, size - at, "%s %s\n", checkpoint->meta[i].key,
                               checkpoint->meta[i].value);
    return text;
}

void ir_meta_free(ir_checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->metas; i++) {
        free(checkpoint->meta[i].key);
        free(checkpoint->meta[i].value);
    }
    free(checkpoint->meta);
}
