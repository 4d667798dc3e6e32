/* Netpbm headers, byte by byte: see header.h.
 *
 * libnetpbm keeps the comments of a PAM and looks for their end each time it adds one, which takes
 * a minute for some megabytes of them. Nobody asks for them here. */
#include "stream/header.h"

#include <ctype.h>
#include <string.h>

#include "base/base.h"
#include "stream/format.h"
#include "stream/image.h"

/* A header while it is read. */
typedef struct {
    FILE *file;
    const char *what;
} source;

/* Numbers beyond this are too large whatever they stand for. */
enum { LARGEST_NUMBER = 1000000000, LINE_BYTES = 256 };

static int next_byte(const source *s)
{
    int c = getc_unlocked(s->file);
    if (c == EOF && ferror(s->file))
        ir_die_errno("%s", s->what);
    return c;
}

static int need_byte(const source *s)
{
    int c = next_byte(s);
    if (c == EOF)
        ir_die("%s: truncated: the file ends in the image", s->what);
    return c;
}

/* ---- the magic number ------------------------------------------------------------------------ */

/* Says what the bytes are instead. */
_Noreturn static void die_foreign(const source *s, const unsigned char *byte, size_t count)
{
    const ir_format_info *format = ir_format_of(byte, count);
    char *remedy = format ? ir_format_remedy(format) : NULL;
    if (format && format->reader != IR_NOT_READ && format->reader != IR_STREAMED)
        ir_die("%s: %s data, which is read from files alone (%s)", s->what, format->name, remedy);
    if (format && format->reader == IR_NOT_READ)
        ir_die("%s: %s data, which is not read (%s)", s->what, format->name, remedy);
    if (count == 1)
        ir_die("%s: a single byte: not a PBM, PGM, PPM, PAM or PNG", s->what);
    ir_die("%s: bad magic number 0x%02x%02x: not a PBM, PGM, PPM, PAM or PNG", s->what, byte[0],
           byte[1]);
}

/* Reads the signature of a PNG; dies on anything else. Reads no more bytes than it needs to decide.
 * */
static int read_foreign(const source *s, int first, int second)
{
    unsigned char byte[IR_FORMAT_BYTES] = {(unsigned char)first, (unsigned char)second};
    size_t count = second == EOF ? 1 : 2;
    int c;
    while (count < sizeof byte && ir_format_may_follow(byte, count) && (c = next_byte(s)) != EOF)
        byte[count++] = (unsigned char)c;
    const ir_format_info *format = ir_format_of(byte, count);
    if (!format || format->reader != IR_STREAMED || first == 'P')
        die_foreign(s, byte, count);
    return IR_HEADER_PNG;
}

/* The digit behind P, or the kind of a PNG; 0 at a clean end. */
static int read_magic(const source *s)
{
    int first, second;
    do
        first = next_byte(s);
    while (first != EOF && isspace(first));
    if (first == EOF)
        return 0;
    second = next_byte(s);
    if (first != 'P' || second < '1' || second > '7')
        return read_foreign(s, first, second);
    return second - '0';
}

/* ---- PBM, PGM, PPM --------------------------------------------------------------------------- */

/* The next byte, a comment being the end of its line; EOF at the end of the file. */
static int byte_or_comment(const source *s)
{
    int c = next_byte(s);
    if (c == '#')
        do
            c = next_byte(s);
        while (c != '\n' && c != '\r' && c != EOF);
    return c;
}

static int byte_behind_space(const source *s)
{
    int c;
    do
        c = byte_or_comment(s);
    while (isspace(c));
    if (c == EOF)
        ir_die("%s: truncated: the file ends in the image", s->what);
    return c;
}

/* A number and the one byte behind it. */
static int read_number(const source *s, const char *name)
{
    int c = byte_behind_space(s);
    long value = 0;
    if (!isdigit(c))
        ir_die("%s: junk, where the %s should be", s->what, name);
    for (; isdigit(c); c = byte_or_comment(s))
        value = value > LARGEST_NUMBER ? value : 10 * value + (c - '0');
    if (!isspace(c) && c != EOF)
        ir_die("%s: junk behind the %s", s->what, name);
    if (value > LARGEST_NUMBER)
        ir_die("%s: the %s is too large", s->what, name);
    return (int)value;
}

static void read_simple(const source *s, ir_header *h)
{
    h->width = read_number(s, "width");
    h->height = read_number(s, "height");
    h->maxval = h->kind == 1 || h->kind == 4 ? 1 : read_number(s, "maxval");
    h->depth = h->colours = h->kind == 3 || h->kind == 6 ? 3 : 1;
}

/* ---- PAM ------------------------------------------------------------------------------------- */

/* A line without its end and the white space around it, its first LINE_BYTES - 1 bytes: a comment
 * may be longer, nothing else may. */
static char *read_line(const source *s, char line[LINE_BYTES])
{
    size_t n = 0;
    int c;
    while ((c = need_byte(s)) != '\n') {
        if (n == 0 && isspace(c))
            continue;
        if (n == LINE_BYTES - 1 && line[0] != '#')
            ir_die("%s: a line of the PAM header is longer than %d bytes", s->what, LINE_BYTES - 1);
        if (n < LINE_BYTES - 1)
            line[n++] = (char)c;
    }
    while (n > 0 && isspace((unsigned char)line[n - 1]))
        n--;
    line[n] = '\0';
    return line;
}

static void set_number(const source *s, const char *name, const char *text, int *value)
{
    const size_t digits = strspn(text, "0123456789");
    long number = 0;
    if (digits == 0 || text[digits] != '\0')
        ir_die("%s: the %s of the PAM, '%s', is no number", s->what, name, text);
    for (size_t i = 0; i < digits && number <= LARGEST_NUMBER; i++)
        number = 10 * number + (text[i] - '0');
    if (number > LARGEST_NUMBER)
        ir_die("%s: the %s of the PAM is too large", s->what, name);
    if (*value >= 0)
        ir_die("%s: the PAM header gives %s twice", s->what, name);
    *value = (int)number;
}

/* Several lines of TUPLTYPE are one type of several words. */
static void add_type(const source *s, const char *text, char type[LINE_BYTES])
{
    const size_t used = strlen(type), more = strlen(text);
    if (used + more + 2 > LINE_BYTES) /* a blank and the end */
        ir_die("%s: the PAM's tuple type is too long", s->what);
    if (used > 0)
        type[used] = ' ';
    memcpy(type + used + (used > 0), text, more + 1);
}

/* How many planes of colour a tuple of this type and depth holds, and how many of it all; false
 * for a type that pam(5) does not define. */
static bool known_type(const char *type, int *colours, int *planes)
{
    static const struct {
        const char *name;
        int colours, planes;
    } known[] = {{"BLACKANDWHITE", 1, 1}, {"BLACKANDWHITE_ALPHA", 1, 2},
                 {"GRAYSCALE", 1, 1},     {"GRAYSCALE_ALPHA", 1, 2},
                 {"RGB", 3, 3},           {"RGB_ALPHA", 3, 4}};

    for (int i = 0; i < 6; i++) {
        if (strcmp(type, known[i].name) == 0) {
            *colours = known[i].colours;
            *planes = known[i].planes;
            return true;
        }
    }
    return false;
}

static void set_colours(const source *s, const char *type, ir_header *h)
{
    int planes = h->depth;
    h->colours = h->depth;
    known_type(type, &h->colours, &planes);
    if ((h->colours != 1 && h->colours != 3) || planes > h->depth || h->depth > 4)
        ir_die("%s: a PAM of %d planes and type '%s' is neither grey nor colour", s->what, h->depth,
               type);
    if (strncmp(type, "BLACKANDWHITE", 13) == 0 && h->maxval != 1)
        ir_die("%s: a PAM of type %s has maxval 1, this one %d", s->what, type, h->maxval);
}

static void read_pam(const source *s, ir_header *h)
{
    struct {
        const char *name;
        int *value;
    } const number[] = {
        {"WIDTH", &h->width}, {"HEIGHT", &h->height}, {"DEPTH", &h->depth}, {"MAXVAL", &h->maxval}};
    char buffer[LINE_BYTES], type[LINE_BYTES] = "", *line;

    if (*read_line(s, buffer) != '\0')
        ir_die("%s: junk in the header, behind P7", s->what);
    while (strcmp(line = read_line(s, buffer), "ENDHDR") != 0) {
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *value = line + strcspn(line, " \t\v\f\r");
        if (*value != '\0')
            *value++ = '\0';
        value += strspn(value, " \t\v\f\r");
        int i = 0;
        while (i < 4 && strcmp(line, number[i].name) != 0)
            i++;
        if (i < 4)
            set_number(s, number[i].name, value, number[i].value);
        else if (strcmp(line, "TUPLTYPE") == 0)
            add_type(s, value, type);
        else
            ir_die("%s: the PAM header has a line '%s'", s->what, line);
    }
    for (int i = 0; i < 4; i++)
        if (*number[i].value < 0)
            ir_die("%s: the PAM header has no %s", s->what, number[i].name);
    set_colours(s, type, h);
}

/* ---- both ------------------------------------------------------------------------------------ */

static void check(const source *s, const ir_header *h)
{
    ir_image_check_size(s->what, h->width, h->height);
    if (h->maxval < 1 || h->maxval > 65535)
        ir_die("%s: maxval %d is not from 1 to 65535", s->what, h->maxval);
}

bool ir_header_read(FILE *file, const char *what, ir_header *h)
{
    const source s = {file, what};
    *h = (ir_header){.kind = read_magic(&s), .width = -1, .height = -1, .maxval = -1, .depth = -1};
    if (h->kind == 0)
        return false;
    if (h->kind == IR_HEADER_PNG)
        return true;
    if (h->kind == 7)
        read_pam(&s, h);
    else
        read_simple(&s, h);
    check(&s, h);
    return true;
}

int ir_header_sample(FILE *file, const char *what, const ir_header *h)
{
    const source s = {file, what};
    if (h->kind == 1) {
        int c = byte_behind_space(&s);
        if (c != '0' && c != '1')
            ir_die("%s: junk, where a 0 or a 1 should be", what);
        return c == '0';
    }
    int value = read_number(&s, "sample");
    if (value > h->maxval)
        ir_die("%s: a sample is %d, above the maxval %d", what, value, h->maxval);
    return value;
}
