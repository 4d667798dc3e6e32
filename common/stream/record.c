/* Tab-separated records, read line by line and written: see record.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stream/record.h"

enum { MAX_FIELDS = 8 };

struct ir_records {
    FILE *file;
    char *label; /* for messages */
    char *where; /* "label:line" */
    unsigned long line;
    char *text;
    size_t capacity;
};

ir_records *ir_records_open(const char *path)
{
    ir_records *records = ir_calloc(1, sizeof *records);
    records->file = ir_open_in(path);
    records->label = ir_strdup(strcmp(path, "-") == 0 ? "stdin" : path);
    records->where = ir_format("%s:0", records->label);
    return records;
}

void ir_records_close(ir_records *records)
{
    if (!records)
        return;
    if (records->file != stdin)
        fclose(records->file);
    free(records->label);
    free(records->where);
    free(records->text);
    free(records);
}

const char *ir_records_where(const ir_records *records)
{
    return records->where;
}

/* The next line into text, without its end; false at the end of the file. */
static bool next_line(ir_records *records)
{
    errno = 0;
    ssize_t length = getline(&records->text, &records->capacity, records->file);
    /* no memory for the line, perhaps; half a line is there where its second read failed */
    if (ferror(records->file) || (length < 0 && !feof(records->file)))
        ir_die_errno("%s", records->label);
    if (length < 0)
        return false;
    free(records->where);
    records->where = ir_format("%s:%lu", records->label, ++records->line);
    if (strlen(records->text) != (size_t)length)
        ir_die("%s: a zero byte: not a record", records->where);
    if (records->text[length - 1] != '\n')
        ir_die("%s: the last line has no end: cut off", records->where);
    records->text[length - 1] = '\0';
    return true;
}

/* The fields of the next record, n of them; false at the end of the file. */
static bool next_fields(ir_records *records, const char *kind, int n, char *field[MAX_FIELDS])
{
    do {
        if (!next_line(records))
            return false;
    } while (records->text[0] == '#');

    int found = 1;
    field[0] = records->text;
    for (char *c = records->text; *c; c++)
        if (*c == '\t') {
            *c = '\0';
            if (found < MAX_FIELDS)
                field[found] = c + 1;
            found++;
        }
    if (found != n)
        ir_die("%s: %d field%s, a %s has %d", records->where, found, found == 1 ? "" : "s", kind,
               n);
    return true;
}

static void parse_name(const ir_records *records, const char *field, char name[256])
{
    size_t length = strlen(field);
    if (length == 0 || length > 255)
        ir_die("%s: the name has %zu bytes, not 1 to 255", records->where, length);
    memcpy(name, field, length + 1);
}

static double parse_real(const ir_records *records, const char *field, const char *what)
{
    char *end;
    double value = strtod(field, &end);
    if (!*field || isspace((unsigned char)*field) || *end || !isfinite(value))
        ir_die("%s: the %s '%s' is not a finite number", records->where, what, field);
    return value;
}

bool ir_strategy_read(ir_records *records, ir_strategy *strategy)
{
    char *field[MAX_FIELDS];
    if (!next_fields(records, "strategy", 4, field))
        return false;
    parse_name(records, field[0], strategy->name);
    strategy->corruption = ir_corruption_index(field[1]);
    if (strategy->corruption < 0)
        ir_die("%s: unknown corruption '%s'", records->where, field[1]);
    if (field[2][0] < '1' || field[2][0] > '0' + IR_SEVERITIES || field[2][1])
        ir_die("%s: the severity '%s' is not from 1 to %d", records->where, field[2],
               IR_SEVERITIES);
    strategy->severity = field[2][0] - '0';
    strategy->logp = parse_real(records, field[3], "logp");
    if (strategy->logp > 0)
        ir_die("%s: the logp '%s' is above 0", records->where, field[3]);
    return true;
}

bool ir_reward_read(ir_records *records, ir_reward *reward)
{
    char *field[MAX_FIELDS];
    if (!next_fields(records, "reward", 2, field))
        return false;
    parse_name(records, field[0], reward->name);
    reward->loss = parse_real(records, field[1], "loss");
    return true;
}

static void check_name(const ir_records *records, bool more, const char *found, const char *wanted)
{
    if (!more)
        ir_die("%s: ends after %lu line%s, before the record of %s", records->label, records->line,
               records->line == 1 ? "" : "s", wanted);
    if (strcmp(found, wanted) != 0)
        ir_die("%s: a record of %s, where %s comes next", records->where, found, wanted);
}

void ir_strategy_expect(ir_records *records, const char *name, ir_strategy *strategy)
{
    bool more = ir_strategy_read(records, strategy);
    check_name(records, more, strategy->name, name);
}

void ir_reward_expect(ir_records *records, const char *name, ir_reward *reward)
{
    bool more = ir_reward_read(records, reward);
    check_name(records, more, reward->name, name);
}

void ir_strategy_write(FILE *file, const ir_strategy *strategy)
{
    fprintf(file, "%s\t%s\t%d\t%.9g\n", strategy->name, ir_corruptions[strategy->corruption].name,
            strategy->severity, strategy->logp);
}

void ir_reward_write(FILE *file, const ir_reward *reward)
{
    fprintf(file, "%s\t%.9g\n", reward->name, reward->loss);
}

void ir_target_write(FILE *file, const char *name, const ir_target *target)
{
    fprintf(file, "%s\t%.9g\t%.9g\t%d\t%d\t%d\t%d\t%ld\t%.9g\n", name, target->x, target->y,
            target->left, target->top, target->width, target->height, target->area, target->score);
}
