/* SPDX-License-Identifier: MIT
 * secret.h - seeds are public, and so are the inputs that they make.  ASSAY_SECRET is mixed into every stream of
 * inputs, so that no kernel can know them beforehand; only a hash of it is ever shown. */
#ifndef ASSAY_CORE_SECRET_H
#define ASSAY_CORE_SECRET_H
#include <stdint.h>

/* Takes ASSAY_SECRET out of the environment and of the memory that held it.  Every process that is forked later, so
 * every one that a kernel runs in, has none.  Once, at the start of a command. */
void assay_secret_take(void);
const char *assay_secret_name(void);       /* "3f2a91c0", or NULL: no secret was given */
uint64_t assay_secret_seed(uint64_t seed); /* the key of a stream of inputs; seed itself without a secret */
#endif
