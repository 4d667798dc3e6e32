/* What the header of a FITS file says of its samples. */
#ifndef IR_FITS_H
#define IR_FITS_H

typedef struct {
    char low[32], high[32]; /* options of fitstopnm: the values that become black and white */
} ir_fits_range;

/* Reads the header of the file, whose position stays what it is. Without such a range fitstopnm
 * would stretch each frame from its own smallest value to its largest. 8 bits have 0 to 255, 16
 * have 0 to 65535, or, where they are signed and not shifted (BZERO), 0 to 32767. Dies on other
 * samples, on more than one plane and on what is no header. */
ir_fits_range ir_fits_look(int fd, const char *path);

#endif
