/* For functions that device code calls too. */
#ifndef IR_HOST_DEVICE_H
#define IR_HOST_DEVICE_H

#ifdef __CUDACC__
#define IR_HOST_DEVICE __host__ __device__
#else
#define IR_HOST_DEVICE
#endif

#endif
