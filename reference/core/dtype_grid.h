/* SPDX-License-Identifier: MIT
 * dtype_grid.h - super-blocks of 256 whose codes are places in a grid (GGUF iq1, iq2, iq3), as their encoder sees them:
 * 32 octets, of each of which y = d unit (2 n + 1) (sign v + delta), v the numbers of an entry of the grid, or of two
 * of four numbers each.  dtype_grid.c: the search for scales, and bytes; dtype_grid_place.c: the nearest entries. */
#ifndef ASSAY_CORE_DTYPE_GRID_H
#define ASSAY_CORE_DTYPE_GRID_H
#include "assay/assay.h"

enum { ASSAY_GRID_OCTETS = 32, ASSAY_GRID_ENTRIES = 2048, ASSAY_GRID_HALF = 81 };

/* The entries of a grid in rising order.  Each is read as two halves: entry k is low[k] + half h, of those from
 * first[h] to first[h + 1]. */
typedef struct assay_grid {
    int base, digits, half;
    double value[8]; /* of a digit */
    int first[ASSAY_GRID_HALF + 1];
    uint8_t low[ASSAY_GRID_ENTRIES];
} assay_grid;

/* Which octets share what, beside the grid */
typedef struct assay_grid_sharing {
    int scale;   /* so many a scale: 4, or 2 */
    int delta;   /* so many a delta of 1/8 or -1/8: 4, or 1; 0: there is none */
    bool even;   /* the number of minus signs is even */
    bool signs;  /* there are signs */
    double unit; /* scales are odd multiples of d unit */
    int most;    /* of them n is the largest */
} assay_grid_sharing;

typedef struct assay_octet {
    uint16_t place[2];
    uint8_t signs; /* bit i: element i is negative */
    bool down;     /* delta is -1/8 */
    double q[8];   /* sign v + delta */
} assay_octet;

/* The octets that share a scale, for x ~ scale q: those of least square error, w of each element its weight; of equal
 * ones the first.  Returns that error. */
double assay_grid_nearest(const assay_grid *g, const assay_grid_sharing *s, const double *x, const double *w,
                          double scale, assay_octet *octet);

/* One super-block of the finite numbers x, w NULL: of equal weight.  Returns the square error. */
double assay_grid_write(assay_dtype t, unsigned char *out, const double *x, const double *w);
/* The same without a search: each scale as the extreme tells, rounded to those that the super-block has. */
double assay_grid_write_plain(assay_dtype t, unsigned char *out, const double *x);
#endif
