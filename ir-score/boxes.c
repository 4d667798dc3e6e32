/* The items are put along a Z-shaped curve (Morton order), which keeps neighbours together; a box
 * is a part of that curve, halved until few items are left. */
#include "boxes.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"

enum { LEAF = 8 };

/* The low 16 bits, each followed by a zero. */
static uint32_t spread(uint32_t x)
{
    x &= 0xffff;
    x = (x | x << 8) & 0x00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f;
    x = (x | x << 2) & 0x33333333;
    return (x | x << 1) & 0x55555555;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void order_items(const ir_component *point, int *item, int n)
{
    uint64_t *key;
    for (int i = 0; i < n; i++)
        item[i] = i;
    if (n <= LEAF)
        return;
    key = ir_calloc((size_t)n, sizeof *key);
    for (int i = 0; i < n; i++) {
        uint32_t place = spread((uint32_t)point[i].row) << 1 | spread((uint32_t)point[i].column);

        key[i] = (uint64_t)place << 32 | (uint32_t)i;
    }
    qsort(key, (size_t)n, sizeof *key, by_value);
    for (int i = 0; i < n; i++)
        item[i] = (int)(key[i] & UINT32_MAX);
    free(key);
}

static void surround(box *b, const ir_component *point, const int *item)
{
    b->top = b->left = INFINITY;
    b->bottom = b->right = -INFINITY;
    for (int i = b->first; i < b->end; i++) {
        const ir_component *p = &point[item[i]];

        b->top = p->row < b->top ? p->row : b->top;
        b->bottom = p->row > b->bottom ? p->row : b->bottom;
        b->left = p->column < b->left ? p->column : b->left;
        b->right = p->column > b->right ? p->column : b->right;
    }
}

static double lesser(double a, double b)
{
    return a < b ? a : b;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void join(box *b, const box *half)
{
    b->top = lesser(half[0].top, half[1].top);
    b->left = lesser(half[0].left, half[1].left);
    b->bottom = larger(half[0].bottom, half[1].bottom);
    b->right = larger(half[0].right, half[1].right);
}

static void build(boxes *b, int at, const ir_component *point)
{
    int first = b->box[at].first, end = b->box[at].end, middle = first + (end - first) / 2;
    int child = b->boxes;
    if (end - first <= LEAF) {
        surround(&b->box[at], point, b->item);
        return;
    }
    b->boxes += 2;
    b->box[at].child = child;
    b->box[child] = (box){.first = first, .end = middle};
    b->box[child + 1] = (box){.first = middle, .end = end};
    build(b, child, point);
    build(b, child + 1, point);
    join(&b->box[at], &b->box[child]);
}

boxes boxes_new(const ir_component *point, int n)
{
    /* a leaf that came from halving holds LEAF / 2 at least */
    size_t capacity = 4 * ((size_t)n / LEAF) + 2;
    size_t bytes =
        capacity * sizeof(box) + (size_t)n * sizeof(int); /* n is below 2^28, as pixels are */
    boxes b = {.box = ir_malloc(bytes), .boxes = 1};
    b.item = (int *)(b.box + capacity);
    b.box[0] = (box){.end = n};
    order_items(point, b.item, n);
    build(&b, 0, point);
    return b;
}

void boxes_free(boxes *b)
{
    free(b->box);
}

double box_distance(const box *b, const ir_component *from)
{
    double dy = larger(0, larger(b->top - from->row, from->row - b->bottom));
    double dx = larger(0, larger(b->left - from->column, from->column - b->right));
    return sqrt(dy * dy + dx * dx);
}

void boxes_near(boxes_walk *w, const boxes *all, const ir_component *from, double radius)
{
    const double rounding = 1e-6; /* of distances up to IR_MAX_SIDE, by far */
    w->all = all;
    w->from = from;
    w->radius = radius + rounding;
    w->next = w->end = 0;
    w->stack[0] = 0;
    w->depth = 1;
}

int boxes_next(boxes_walk *w)
{
    while (w->next == w->end) {
        const box *b;

        if (w->depth == 0)
            return -1;
        b = &w->all->box[w->stack[--w->depth]];
        if (box_distance(b, w->from) > w->radius)
            continue;
        if (b->child == 0) {
            w->next = b->first;
            w->end = b->end;
        } else {
            w->stack[w->depth++] = b->child;
            w->stack[w->depth++] = b->child + 1;
        }
    }
    return w->all->item[w->next++];
}
