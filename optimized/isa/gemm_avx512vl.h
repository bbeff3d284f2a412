/* SPDX-License-Identifier: MIT
 * gemm_avx512vl.h - 8 floats of AVX-512: the tiles of gemm_avx512.h, half as wide. */
#include "gemm_avx512.h"
#undef PACKING
#define PACKING "matmul_panel16"
