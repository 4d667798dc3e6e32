/* The shape functions of ops.def: the shape of a call's result, from its inputs and attributes.
 * Where these do not say all of it, call->shape has what the network asks for: the channels of a
 * convolution, a linear layer or a slice, the height and width of a resize, the width of an inverse
 * transform. When they do not go together, wrong says why; it is left alone otherwise. */
#ifndef IR_SHAPES_H
#define IR_SHAPES_H

#include "backend/call.h"

enum { IR_MISFIT = 128 };

ir_shape ir_shape_of_conv2d(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_conv_transpose2d(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_linear(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_deform(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_broadcast(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_concat(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_slice(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_one_channel(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_log_softmax(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_pool(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_one_pixel(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_resize(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_gradient_magnitude(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_rfft2(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_irfft2(const ir_call *call, char wrong[IR_MISFIT]);
ir_shape ir_shape_of_loss(const ir_call *call, char wrong[IR_MISFIT]);

#endif
