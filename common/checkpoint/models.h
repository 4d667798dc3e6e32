/* The detectors that come with irtools: checkpoints NAME.tar in one directory, the box, with a file
 * `default` that names the default model.
 *
 * The directory is $IRTOOLS_MODELS if that is set, and otherwise share/irtools/models beside the
 * program's directory. That is right in a build tree, in a bundle and after "make install". A model
 * in the box must have a checksum in its meta; if its meta has a name, it must be that of the file.
 */
#ifndef IR_MODELS_H
#define IR_MODELS_H

#include <stdio.h>

#include "checkpoint/checkpoint.h"

/* Reads the detector that -c names; NULL: the default. A name of letters, digits, "_" and "-", with
 * a letter or digit first, is the model of that name in the box, if there is one, whatever the
 * working directory holds. Anything else is a path ("-": standard input). Dies, listing the models,
 * when there is no such detector. */
ir_checkpoint *ir_model_read(const char *name);

/* Reads and checks every model in the box and writes a row of tab-separated fields for each: name,
 * network, parameters, training data, scores, licence, and "default" or "-"; "-" where a model does
 * not say. */
void ir_models_list(FILE *to);

#endif
