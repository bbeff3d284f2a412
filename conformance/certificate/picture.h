/* SPDX-License-Identifier: MIT
 * picture.h - `assay check --certificate K --picture TO`. */
#ifndef ASSAY_CERTIFICATE_PICTURE_H
#define ASSAY_CERTIFICATE_PICTURE_H
#include "order.h"

/* Draws the tree with most terms into the file `to`, if that ends in .svg; else each tree that is another into the
 * folder, which is made.  Prints a line for each. */
assay_status assay_pictures(const char *to, const assay_kernel *k, const assay_orders *o, assay_why *why);
#endif
