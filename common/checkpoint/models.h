/* The detectors that come with irtools: checkpoints NAME.tar in one directory, the box, and in a
 * file `default` there the name of the one to take unless told otherwise.
 *
 * The directory is $IRTOOLS_MODELS where that is set, else share/irtools/models beside the
 * directory of the program: so it is found in a build tree, in a bundle and where "make install"
 * puts it. A model of the box has a checksum in its meta, is named there as its file is if it is
 * named at all, and is refused otherwise. */
#ifndef IR_MODELS_H
#define IR_MODELS_H

#include <stdio.h>

#include "checkpoint/checkpoint.h"

/* The detector that -c stands for. NULL: the default. A bare name - letters, digits, "_" and "-",
 * none of the two in front - of a model in the box is that model, whatever lies in the working
 * directory; all else is a path ("-": standard input). Dies, saying what there is, if it is
 * nothing.
 */
ir_checkpoint *ir_model_read(const char *name);

/* What is in the box, all of it read and checked: a row each of name, network, parameters, trained
 * on, scores, licence, and "default" or "-", between tabs; "-" for what a model does not say. */
void ir_models_list(FILE *to);

#endif
