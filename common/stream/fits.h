/* The range of a FITS file's samples, from its header. */
#ifndef IR_FITS_H
#define IR_FITS_H

typedef struct {
    char low[32], high[32]; /* options of fitstopnm: the values that become black and white */
} ir_fits_range;

/* Reads the header and restores the file's position. The range is 0 to 255 for 8 bits, 0 to 65535
 * for 16 bits, and 0 to 32767 for signed 16 bits without an offset (BZERO). Without it fitstopnm
 * would stretch each frame from its own minimum to its maximum. Dies on other samples, on more than
 * one plane and on a bad header. */
ir_fits_range ir_fits_look(int fd, const char *path);

#endif
