/* BALISTD's own network ("Ours"; Liu et al., AAAI 2024): DNANet with SFIM in place of the channel
 * and spatial attention of every block. With --no-sfim (Table 7's "w/o SFIM") the blocks have
 * neither. */
#include "nets/blocks.h"

static ir_node *interact(ir_graph *g, ir_node *x)
{
    return ir_sfim(g, x, "sfim");
}

ir_net_output ir_balistd(ir_graph *g, ir_node *image, const ir_net_options *options)
{
    return ir_dense_nested(g, image, options, options->sfim ? interact : NULL, false);
}
