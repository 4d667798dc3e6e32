/* Arrays as .npy files: NumPy's format versions 1.0 and 2.0, little-endian float32 or float16
 * in C order.
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: a magic string, the
 * version, the header's length, the header (a Python dictionary of three keys, padded), the
 * numbers. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint_internal.h"
#include "checkpoint/half.h"

_Static_assert(sizeof(float) == 4, "arrays are float32");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are written and read as they lie in memory: little-endian"
#endif

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

enum { MAGIC = 6, ALIGN = 64, MAX_HEADER = 4096 };

/* ---- writing ---- */

enum { HEADER_CAPACITY = 256 };

/* Its length is returned. */
static size_t make_header(const ir_array *array, char header[HEADER_CAPACITY])
{
    enum { BEFORE = MAGIC + 2 + 2 };
    char shape[64] = "";
    size_t length, total;

    for (int i = 0; i < array->ndim; i++) {
        size_t at = strlen(shape);
        snprintf(shape + at, sizeof shape - at, "%s%d", i > 0 ? ", " : "", array->dim[i]);
    }
    length = (size_t)snprintf(header + BEFORE, HEADER_CAPACITY - BEFORE,
                              "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }",
                              array->half ? "<f2" : "<f4", shape, array->ndim == 1 ? "," : "");
    total = (BEFORE + length + 1 + ALIGN - 1) / ALIGN * ALIGN;
    memcpy(header, magic, MAGIC);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((total - BEFORE) & 0xff);
    header[9] = (char)((total - BEFORE) >> 8);
    memset(header + BEFORE + length, ' ', total - BEFORE - length - 1);
    header[total - 1] = '\n';
    return total;
}

static size_t bytes_of_data(const ir_array *array)
{
    return ir_array_size(array) * (array->half ? sizeof(uint16_t) : sizeof(float));
}

static void put_halves(const ir_array *array, char *to)
{
    const size_t size = ir_array_size(array);
    for (size_t i = 0; i < size; i++, to += sizeof(uint16_t)) {
        const uint16_t half = ir_half_from_float(array->data[i]);
        memcpy(to, &half, sizeof half);
    }
}

char *ir_npy_bytes(const ir_array *array, size_t *length)
{
    char header[HEADER_CAPACITY];
    const size_t before = make_header(array, header), data = bytes_of_data(array);
    char *bytes = ir_malloc(before + data);
    memcpy(bytes, header, before);
    if (array->half)
        put_halves(array, bytes + before);
    else
        memcpy(bytes + before, array->data, data);
    *length = before + data;
    return bytes;
}

/* ---- reading the dictionary ---- */

typedef struct {
    const char *at; /* ends with a zero byte */
} cursor;

static void skip_space(cursor *c)
{
    while (isspace((unsigned char)*c->at))
        c->at++;
}

static bool take(cursor *c, const char *token)
{
    skip_space(c);
    if (strncmp(c->at, token, strlen(token)) != 0)
        return false;
    c->at += strlen(token);
    return true;
}

/* A quoted string without escapes, at most capacity - 1 bytes. */
static bool take_string(cursor *c, char *text, size_t capacity)
{
    size_t n = 0;
    char quote;
    skip_space(c);
    quote = *c->at;
    if (quote != '\'' && quote != '"')
        return false;
    for (c->at++; *c->at != quote; c->at++) {
        if (*c->at == '\0' || n + 1 >= capacity)
            return false;
        text[n++] = *c->at;
    }
    c->at++;
    text[n] = '\0';
    return true;
}

/* "()", "(8,)", "(8, 1, 3, 3)": NULL, or what is wrong. */
static const char *take_shape(cursor *c, ir_array *array)
{
    size_t size = 1;
    array->ndim = 0;
    if (!take(c, "("))
        return "bad .npy header";
    while (!take(c, ")")) {
        size_t n = 0;
        if (!isdigit((unsigned char)*c->at))
            return "bad .npy header";
        for (; isdigit((unsigned char)*c->at); c->at++)
            if ((n = 10 * n + (size_t)(*c->at - '0')) > IR_MAX_ELEMENTS)
                return "too large";
        if (array->ndim == IR_MAX_DIMS)
            return "more than 4 dimensions";
        if (n == 0)
            return "a dimension of zero";
        if ((size *= n) > IR_MAX_ELEMENTS)
            return "too large";
        array->dim[array->ndim++] = (int)n;
        if (!take(c, ",") && *c->at != ')')
            return "bad .npy header";
    }
    return NULL;
}

static const char wrong_type[] = "wrong type; arrays must be little-endian float32 or float16";

static const char *take_type(const char *type, ir_array *array)
{
    array->half = strcmp(type, "<f2") == 0;
    if (array->half || strcmp(type, "<f4") == 0)
        return NULL;
    return type[0] == '>' ? "big-endian; arrays must be little-endian" : wrong_type;
}

/* All three keys once each, in any order. */
static const char *parse_dictionary(const char *text, ir_array *array)
{
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
    cursor c = {text};
    unsigned seen = 0;
    const char *wrong = NULL;

    if (!take(&c, "{"))
        return "bad .npy header";
    while (!wrong && !take(&c, "}")) {
        char key[16], type[16];
        unsigned found = 0;
        if (!take_string(&c, key, sizeof key) || !take(&c, ":"))
            return "bad .npy header";
        if (strcmp(key, "descr") == 0) {
            found = DESCR;
            skip_space(&c);
            wrong = take_string(&c, type, sizeof type) ? take_type(type, array) : wrong_type;
        } else if (strcmp(key, "fortran_order") == 0) {
            found = ORDER;
            if (take(&c, "True"))
                wrong = "Fortran-ordered; arrays must be in C order";
            else if (!take(&c, "False"))
                wrong = "bad .npy header";
        } else if (strcmp(key, "shape") == 0) {
            found = SHAPE;
            wrong = take_shape(&c, array);
        }
        if (!wrong && (found == 0 || (seen & found) || (!take(&c, ",") && *c.at != '}')))
            wrong = "bad .npy header";
        seen |= found;
    }
    if (wrong)
        return wrong;
    skip_space(&c);
    return seen == (DESCR | ORDER | SHAPE) && *c.at == '\0' ? NULL : "bad .npy header";
}

static void take_halves(const char *from, ir_array *array)
{
    const size_t size = ir_array_size(array);
    for (size_t i = 0; i < size; i++, from += sizeof(uint16_t)) {
        uint16_t half;
        memcpy(&half, from, sizeof half);
        array->data[i] = ir_half_to_float(half);
    }
}

const char *ir_npy_parse(const char *bytes, size_t length, ir_array *array)
{
    const unsigned char *u = (const unsigned char *)bytes;
    char text[MAX_HEADER + 1];
    size_t before, header, data;
    const char *wrong;
    if (length < MAGIC + 4 || memcmp(bytes, magic, MAGIC) != 0)
        return "not a .npy file";
    if ((u[6] != 1 && u[6] != 2) || u[7] != 0)
        return "a .npy version other than 1.0 and 2.0";
    before = u[6] == 1 ? MAGIC + 4 : MAGIC + 6;
    if (length < before)
        return "a .npy header cut short";
    header = (size_t)u[8] | (size_t)u[9] << 8;
    if (u[6] == 2)
        header |= (size_t)u[10] << 16 | (size_t)u[11] << 24;
    if (header > length - before)
        return "a .npy header cut short";
    if (header > MAX_HEADER)
        return "a .npy header that is too long";
    memcpy(text, bytes + before, header);
    text[header] = '\0';
    if (strlen(text) != header)
        return "bad .npy header";
    wrong = parse_dictionary(text, array);
    if (wrong)
        return wrong;
    data = length - before - header;
    if (data != bytes_of_data(array))
        return data < bytes_of_data(array) ? "fewer numbers than its shape says"
                                           : "bytes behind its last number";
    array->data = ir_malloc(ir_array_size(array) * sizeof(float));
    if (array->half)
        take_halves(bytes + before + header, array);
    else
        memcpy(array->data, bytes + before + header, data);
    return NULL;
}
