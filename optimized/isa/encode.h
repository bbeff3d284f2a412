/* SPDX-License-Identifier: MIT
 * encode.h - encode_<tier>.h of the tier that is compiled; ENCODE(q8_0)(dst, src, n): n floats to blocks of that type,
 * bit for bit by the rules of the types. */
#ifndef ASSAY_ISA_ENCODE_H
#define ASSAY_ISA_ENCODE_H
#include "simd.h"
#include SIMD_FILE(encode)

#define ENCODE(type) SIMD_OWN(encode_##type)
#endif
