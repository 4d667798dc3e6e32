/* Dropout: numbers are drawn by their logical place (n, c, y, x), so that every backend drops the
 * same ones. node->saved: a byte a number, 1 where it stays. */
#include "base/philox_rounds.h"
#include "device.h"

/* node->state: the key of the step, in device memory, so that a recorded pass reads the new one. */
static void prepare(ir_backend *, ir_node *node)
{
    node->saved_bytes = volume(node->shape);
    node->state = ir_cuda_alloc(2 * sizeof(uint32_t));
}

static void release(ir_backend *, ir_node *node)
{
    ir_cuda_free(node->state);
}

static void refresh(ir_backend *b, ir_node *node)
{
    uint32_t key[2];
    ir_node_dropout_key(node, key);
    uint32_t *to = static_cast<uint32_t *>(node->state);
    const uint32_t low = key[0], high = key[1];
    each(cuda_of(b), 2, [=] __device__(unsigned i) { to[i] = i ? high : low; });
}

static void forward(ir_backend *b, ir_node *node)
{
    const ir_shape s = node->shape;
    const float grow = (float)(1 / (1 - node->scale));
    const uint64_t below = (uint64_t)ceil(node->scale * 4294967296.0);
    const uint32_t *key = static_cast<uint32_t *>(node->state);
    const real *x = value_of(node->in[0]);
    uint8_t *stays = static_cast<uint8_t *>(node->saved);
    map(cuda_of(b), value_of(node), volume(s), false, [=] __device__(unsigned i) {
        const spot p = spot_of(s, i);
        const uint64_t logical =
            (((uint64_t)p.n * (unsigned)s.c + (unsigned)p.c) * (unsigned)s.h + (unsigned)p.y) *
                (unsigned)s.w +
            (unsigned)p.x;
        uint32_t word[4] = {(uint32_t)(logical / 4), 0, 0, 0};
        ir_philox_rounds(word, key[0], key[1]);
        stays[i] = word[logical % 4] >= below;
        return stays[i] ? grow * get(x, i) : 0;
    });
}

static void backward(ir_backend *b, ir_node *node)
{
    const float grow = (float)(1 / (1 - node->scale));
    const uint8_t *stays = static_cast<uint8_t *>(node->saved);
    const real *dy = grad_of(node);
    map(cuda_of(b), grad_of(node->in[0]), volume(node->shape), adds(node, 0),
        [=] __device__(unsigned i) { return stays[i] ? grow * get(dy, i) : 0; });
}

const ir_op_table IR_NAME(ir_cuda_dropout) = operation(prepare, forward, backward, release, nullptr,
                                                       refresh);
