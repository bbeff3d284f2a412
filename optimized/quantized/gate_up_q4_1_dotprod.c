/* SPDX-License-Identifier: MIT
 * gate_up, q4_1 weights, Arm dot product: activations rounded to q8_0, sdot by lane, 16 rows x 4 columns (dotprod.h).
 */
#include "dotprod.h"

#define KERNEL_ID   assay_gate_up_q4_1_dotprod
#define KERNEL_NAME "q4_1_dotprod"
#define OP          GATE_UP
#define FORMAT      Q4_1
#define TYPE        q4_1
#include "kernel.h"
