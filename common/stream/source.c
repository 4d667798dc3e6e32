/* Files by their format: see source.h. */
#include "stream/source.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "stream/converter.h"
#include "stream/format.h"
#include "stream/png.h"
#include "stream/tiff.h"

struct ir_source {
    FILE *file; /* NULL: of a TIFF, or closed */
    const char *path;
    const ir_format_info *format; /* of a regular file, NULL: unknown */
    ir_tiff *tiff;
    pid_t converter; /* 0: none */
    bool regular, behind_png;
};

/* The format of what comes next in a regular file. */
static const ir_format_info *format_here(FILE *file)
{
    unsigned char byte[IR_FORMAT_BYTES];
    const off_t here = ftello(file);
    const ssize_t got = here < 0 ? -1 : pread(fileno(file), byte, sizeof byte, here);
    return got > 0 ? ir_format_of(byte, (size_t)got) : NULL;
}

ir_source *ir_source_open(FILE *file, const char *path)
{
    ir_source *s = ir_calloc(1, sizeof *s);
    struct stat status;
    *s = (ir_source){.file = file, .path = path};
    s->regular = fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode);
    s->format = s->regular ? format_here(file) : NULL;
    if (!s->format)
        return s;
    if (s->format->reader == IR_TIFF_PAGES) {
        s->tiff = ir_tiff_open(file, path);
        s->file = NULL;
    } else if (s->format->reader == IR_CONVERTED) {
        s->file = ir_converter_open(file, path, s->format, &s->converter);
    }
    return s;
}

/* Whether the last image was a PNG and none follows. The rest of the file is then ignored, as by
 * other programs that read one image of a file. */
static bool ends_here(ir_source *s)
{
    const ir_format_info *next;
    if (!s->regular || s->converter != 0)
        return false;
    next = format_here(s->file);
    if (s->behind_png && (!next || next->reader != IR_STREAMED))
        return true;
    s->behind_png = next && next->reader == IR_STREAMED && next != ir_format_netpbm();
    return false;
}

/* The end of what a converter wrote. */
static void end_conversion(ir_source *s)
{
    const pid_t converter = s->converter;
    FILE *file = s->file;
    s->converter = 0;
    s->file = NULL;
    if (!ir_converter_close(file, converter))
        ir_die("%s: %s cannot read this %s", s->path, s->format->program, s->format->name);
}

bool ir_source_next(ir_source *s, const char *what, ir_image *im)
{
    if (s->tiff)
        return ir_tiff_next(s->tiff, what, im);
    if (!s->file || ends_here(s))
        return false;
    if (ir_image_read(s->file, what, im))
        return true;
    if (s->converter != 0)
        end_conversion(s);
    return false;
}

void ir_source_close(ir_source *s)
{
    if (!s)
        return;
    if (s->tiff)
        ir_tiff_close(s->tiff);
    else if (s->converter != 0)
        ir_converter_close(s->file, s->converter);
    else if (s->file && s->file != stdin)
        fclose(s->file);
    free(s);
}
