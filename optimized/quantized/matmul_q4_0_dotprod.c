/* SPDX-License-Identifier: MIT
 * matmul, q4_0 weights, Arm dot product: activations rounded to q8_0, sdot by lane, 16 rows x 4 columns (dotprod.h). */
#include "dotprod.h"

#define KERNEL_ID   assay_matmul_q4_0_dotprod
#define KERNEL_NAME "q4_0_dotprod"
#define OP          MATMUL
#define FORMAT      Q4_0
#define TYPE        q4_0
#include "kernel.h"
