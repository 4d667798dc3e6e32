/* Batch normalisation that follows the frames (Schneider et al., Improving robustness against
 * common corruptions by covariate shift adaptation, NeurIPS 2020).
 *
 * In a detection graph the statistics that were learned are blended with those of the image:
 *
 *     mean = (1 - rate) running_mean + rate mean(image)
 *     var  = (1 - rate) running_var  + rate var(image)
 *
 * layer by layer in one pass, so a later layer sees what an earlier one's blend makes of the image.
 * A window of n takes, instead of the image's statistics, those of its values and of the n - 1
 * images' before it together. Padding is not counted. Where a layer sees fewer than two values of
 * an image, as behind global pooling, there is no variance: the learned statistics stand, and the
 * image does not enter the window. */
#ifndef IR_ADAPTATION_H
#define IR_ADAPTATION_H

#include "graph/graph.h"

/* The rate, the window, and what each layer has seen of the last images, in whichever graph. */
typedef struct ir_adaptation ir_adaptation;

/* rate: 0 to 1; window: 1 or more images. */
ir_adaptation *ir_adaptation_new(ir_backend *backend, double rate, int window);
/* After the graphs that use it. */
void ir_adaptation_free(ir_adaptation *a);

/* Batch norms that are built from now on adapt. g: for detection; image: what the network sees.
 * Returns an input (N,1,1,2) to be filled before each pass: how many rows and columns of each image
 * are not padding, which lies below and right of them. */
ir_node *ir_graph_adapt(ir_graph *g, ir_adaptation *a, const ir_node *image);

#endif
