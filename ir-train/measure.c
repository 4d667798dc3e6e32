/* Keeps the last batches of a pass, and measures the statistics of batch normalisation on them. */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int measured_batches(int batch)
{
    enum { FRAMES = 256 };

    return (FRAMES + batch - 1) / batch;
}

void measure_start(measurement *m)
{
    m->seen = 0;
}

void measure_keep(measurement *m, const batch *b)
{
    if (m->most == 0)
        return;
    if (!m->batch)
        m->batch = ir_calloc((size_t)m->most, sizeof *m->batch);
    measure_batch *to = &m->batch[m->seen++ % m->most];
    const size_t size = (size_t)batch_images(b) * (size_t)b->side * (size_t)b->side;

    if (size > to->capacity) {
        to->image = ir_realloc(to->image, size, sizeof *to->image);
        to->capacity = size;
    }
    memcpy(to->image, b->image, size * sizeof *to->image);
    to->count = batch_images(b);
    to->whole = batch_whole_images(b);
    to->side = b->side;
    to->absent = m->comm && m->comm->absent;
}

void measure_statistics(const measurement *m, ir_detector *detector, ir_checkpoint *checkpoint)
{
    ir_params *params = ir_detector_params(detector);
    const int batches = m->seen < m->most ? (int)m->seen : m->most;
    if (batches == 0)
        return;
    ir_params_load_values(params, checkpoint, IR_TO_DETECT);
    for (int i = 0; i < batches; i++) {
        const measure_batch *b = &m->batch[i];
        if (m->comm) {
            ir_comm_set_absent(m->comm, b->absent);
            ir_detector_set_batch(detector, b->whole);
        }
        const ir_detector_graph *g =
            ir_detector_graph_for(detector, IR_MEASURING, b->count, b->side, b->side, 0);
        ir_node_put(g->graph, g->image, b->image);
        ir_graph_forward(g->graph);
        ir_params_measure(params, i + 1);
    }
    ir_params_load_values(params, checkpoint, IR_TO_TRAIN);
    ir_params_save_measured(params, checkpoint);
}

void measure_free(measurement *m)
{
    for (int i = 0; m->batch && i < m->most; i++)
        free(m->batch[i].image);
    free(m->batch);
}
