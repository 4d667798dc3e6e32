/* Dropout. Whether a number is dropped depends on its logical index (n, c, y, x), so every backend
 * drops the same ones. call->saved: a byte a number, 1 where it stays. */
#include "base/philox_rounds.h"
#include "device.h"

/* call->state: the key of the step, in device memory, so that a captured pass reads the new one. */
static void prepare(ir_backend *, ir_call *call)
{
    call->saved_bytes = volume(call->shape);
    call->state = ir_cuda_alloc(2 * sizeof(uint32_t));
}

static void release(ir_backend *, ir_call *call)
{
    ir_cuda_free(call->state);
}

static void refresh(ir_backend *b, ir_call *call)
{
    uint32_t *to = static_cast<uint32_t *>(call->state);
    const uint32_t low = call->dropout_key[0], high = call->dropout_key[1];
    each(cuda_of(b), 2, [=] __device__(unsigned i) { to[i] = i ? high : low; });
}

static void forward(ir_backend *b, ir_call *call)
{
    const ir_shape s = call->shape;
    const float grow = (float)(1 / (1 - call->scale));
    const uint64_t below = (uint64_t)ceil(call->scale * 4294967296.0);
    const uint32_t *key = static_cast<uint32_t *>(call->state);
    const real *x = value_of(call->in[0]);
    uint8_t *stays = static_cast<uint8_t *>(call->saved);
    map(cuda_of(b), value_of(call), volume(s), false, [=] __device__(unsigned i) {
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

static void backward(ir_backend *b, ir_call *call)
{
    const float grow = (float)(1 / (1 - call->scale));
    const uint8_t *stays = static_cast<uint8_t *>(call->saved);
    const real *dy = grad_of(call);
    map(cuda_of(b), grad_of(call->in[0]), volume(call->shape), adds(call, 0),
        [=] __device__(unsigned i) { return stays[i] ? grow * get(dy, i) : 0; });
}

const ir_op_table IR_NAME(ir_cuda_dropout) = operation(prepare, forward, backward, release, nullptr,
                                                       refresh);
