/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_DESCRIPTORS_H
#define ASSAY_DESCRIPTORS_H

/* Closes every descriptor of this process but the standard ones and these two. */
void assay_descriptors_close(const int keep[2]);
#endif
