/* SPDX-License-Identifier: MIT
 * matmul, q4_1 weights, Arm dot product: activations rounded to q8_0, sdot by lane, 16 rows x 4 columns (dotprod.h). */
#include "dotprod.h"

#define KERNEL_ID   assay_matmul_q4_1_dotprod
#define KERNEL_NAME "q4_1_dotprod"
#define OP          MATMUL
#define FORMAT      Q4_1
#define TYPE        q4_1
#include "kernel.h"
