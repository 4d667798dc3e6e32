/* The page of ir-score report, from the files of some runs.
 *
 * The input is a bundle of files: a line "@@ PATH" begins the file PATH. Every first part of a path
 * is a run (a directory, or a table by itself), except "frames". No number in the page's pictures
 * may be infinite or none, nothing from outside may be markup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ir-score/report/inline_picture.h"
#include "../../ir-score/report/page.h"
#include "base/base.h"
#include "contain.h"
#include "files.h"

enum { MOST_INPUT = 1 << 14, MOST_RUNS = 4, MOST_PAGE = 1 << 22 };

/* Pictures are another program's work; here only what it would be given is looked at. */
void __wrap_picture_write(FILE *file, const unsigned char *rgb, window w, const mark *marks,
                          size_t n, const char *alt)
{
    unsigned sum = 0;
    if (w.width < 1 || w.height < 1)
        fault("a picture of %dx%d", w.width, w.height);
    for (size_t i = 0; i < 3 * (size_t)w.width * (size_t)w.height; i++)
        sum += rgb[i];
    for (size_t i = 0; i < n; i++)
        sum += (unsigned)marks[i].component->area;
    fprintf(file, "<!-- picture %u %zu -->", sum, strlen(alt));
}

/* ---- the page ---- */

static struct {
    char text[MOST_PAGE + 1];
    size_t length;
} page;

static ssize_t write_page(void *cookie, const char *from, size_t size)
{
    (void)cookie;
    if (size > MOST_PAGE - page.length)
        fault("a page of more than %d bytes", MOST_PAGE);
    memcpy(page.text + page.length, from, size);
    page.length += size;
    return (ssize_t)size;
}

/* Whether the name that ends before the = at at is one of a number. */
static bool names_number(const char *at)
{
    static const char *const names[] = {"d",  "x",  "y",     "x1",     "x2", "y1",
                                        "y2", "cx", "width", "height", "cy", "r"};
    const char *from = at;
    while (from > page.text && from[-1] >= '0' && from[-1] <= 'z')
        from--;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == (size_t)(at - from) &&
            memcmp(from, names[i], (size_t)(at - from)) == 0)
            return true;
    return false;
}

/* Numbers where a drawing needs them: in attributes of tags. A text, or another attribute's value,
 * may hold whatever a run called its columns. In one pass: AddressSanitizer makes strstr() look at
 * all of the page each time. */
static void check_numbers(void)
{
    bool in_tag = false;
    page.text[page.length] = '\0';
    for (const char *at = page.text; at[0] != '\0'; at++) {
        if (at[0] == '<' && strncmp(at, "<script", 7) == 0)
            fault("markup from outside");
        in_tag = at[0] == '<' || (in_tag && at[0] != '>');
        if (!in_tag || at[0] != '=' || at[1] != '"')
            continue;
        const char *value = at + 2;
        if (names_number(at) && value[strspn(value, "0123456789.,+-eEMLHVZhvlmz% ")] != '"')
            fault("no number: %.40s", value);
        at = value + strcspn(value, "\"");
        if (at[0] == '\0')
            fault("a value without an end: %.40s", value);
    }
}

/* ---- the bundle ---- */

static char bundle[MOST_INPUT + 1];

/* The runs that the paths name, at most MOST_RUNS. */
static int add_run(char **run, int runs, const char *path)
{
    size_t length = strcspn(path, "/");
    if (strncmp(path, "frames/", 7) == 0 || length == 0)
        return runs;
    for (int i = 0; i < runs; i++)
        if (strncmp(run[i], path, length) == 0 && run[i][length] == '\0')
            return runs;
    if (runs < MOST_RUNS)
        run[runs++] = strndup(path, length);
    return runs;
}

static int unpack(char **run)
{
    char *at = bundle, *next;
    int runs = 0;
    files_clear();
    while (at && strncmp(at, "@@ ", 3) == 0) {
        char *path = at + 3, *body = strchr(path, '\n');

        if (!body)
            break;
        *body++ = '\0';
        next = strncmp(body, "@@ ", 3) == 0 ? body : strstr(body, "\n@@ ");
        if (next && next != body)
            next++;
        files_add(path, body, next ? (size_t)(next - body) : strlen(body));
        runs = add_run(run, runs, path);
        at = next;
    }
    return runs;
}

typedef struct {
    char **path;
    int n;
    FILE *page;
} paths;

static void make_page(void *context)
{
    const paths *p = context;
    run *r = runs_read(p->path, p->n);
    page_write(p->page, r, p->n);
    fflush(p->page);
    runs_free(r, p->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *path[MOST_RUNS];
    paths p = {path, 0, NULL};
    if (size > MOST_INPUT || memchr(data, 0, size))
        return -1;
    memcpy(bundle, data, size);
    bundle[size] = '\0';
    p.n = unpack(path);
    if (p.n == 0)
        return -1;
    page.length = 0;
    p.page = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_page});
    if (contain(make_page, &p))
        check_numbers();
    fclose(p.page);
    for (int i = 0; i < p.n; i++)
        free(path[i]);
    return 0;
}
