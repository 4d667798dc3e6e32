/* Batch normalisation that follows the frames (Schneider et al., Improving robustness against
 * common corruptions by covariate shift adaptation, NeurIPS 2020).
 *
 * In a detection graph the statistics that were learned are blended with those of the image:
 *
 *     mean = (1 - rate) running_mean + rate mean(image)
 *     var  = (1 - rate) running_var  + rate var(image)
 *
 * layer by layer in one pass, so a later layer sees the image as the earlier layers normalised it.
 * With a window of n, the statistics are those of the image and of the n - 1 images before it,
 * together. Padding is not counted. A layer that gets fewer than two values of an image, as behind
 * global pooling, has no variance: it uses the learned statistics, and the image does not enter its
 * window. */
#ifndef IR_ADAPTATION_H
#define IR_ADAPTATION_H

#include "graph/graph.h"

/* The rate, the window, and each layer's statistics of the last images, shared by all graphs. */
typedef struct ir_adaptation ir_adaptation;

/* rate: 0 to 1; window: 1 or more images. */
ir_adaptation *ir_adaptation_new(ir_backend *backend, double rate, int window);
/* Call it after the graphs that use it are freed. */
void ir_adaptation_free(ir_adaptation *a);

/* Batch norms that are built from now on adapt. g: for detection; image: the network's input.
 * Returns an input (N,1,1,2) to be filled before each pass: the rows and columns of each image that
 * are not padding. Padding lies below and to the right. */
ir_node *ir_graph_adapt(ir_graph *g, ir_adaptation *a, const ir_node *image);

#endif
