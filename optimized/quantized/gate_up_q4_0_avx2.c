/* SPDX-License-Identifier: MIT
 * gate_up, q4_0 weights, AVX2: activations rounded to q8_0, products by maddubs, 16 rows x 4 columns (avx2.h). */
#include "avx2.h"

#define KERNEL_ID   assay_gate_up_q4_0_avx2
#define KERNEL_NAME "q4_0_avx2"
#define OP          GATE_UP
#define FORMAT      Q4_0
#define TYPE        q4_0
#include "kernel.h"
