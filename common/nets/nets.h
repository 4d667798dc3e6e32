/* The networks: each a function from an image (N,1,H,W) to log-odds (N,1,H,W). */
#ifndef IR_NETS_H
#define IR_NETS_H

#include "graph/graph.h"
#include "nets/detector.h"

enum { IR_MAX_HEADS = 4 };

/* The head's bias under --init prior: about the log-odds of a target pixel. With PyTorch's default
 * the soft-IoU loss starts on a plateau that training leaves only after some 50 epochs of
 * NUAA-SIRST. The head's weights then start with alternating signs. A head behind a ReLU whose few
 * weights are all negative calls nothing a target, and training needs as long to leave that state.
 */
#define IR_PRIOR_LOG_ODDS (-4.0)

typedef struct {
    /* Log-odds of target pixels; the last are the detector's output, the objective averages over
     * all (deep supervision). */
    ir_node *head[IR_MAX_HEADS];
    int heads;
    /* Or NULL: log-odds of the edge map, trained to be the gradient magnitude of the mask. */
    ir_node *edge;
} ir_net_output;

typedef ir_net_output ir_net_builder(ir_graph *g, ir_node *image, const ir_net_options *options);

#define IR_NETWORK(name, ...) extern ir_net_builder ir_##name;
#include "nets/nets.def"
#undef IR_NETWORK

/* The strategy network N_S: image (N,1,128,128) -> log p (N, strategies, 1, 1). Five blocks of 3x3
 * stride-2 convolution, batch norm, ReLU (16..256), global average pool, linear from zero,
 * log-softmax. */
ir_node *ir_strategy_net(ir_graph *g, ir_node *image, int strategies);
enum { IR_STRATEGY_NET_SIDE = 128 };

#endif
