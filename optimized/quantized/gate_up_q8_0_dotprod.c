/* SPDX-License-Identifier: MIT
 * gate_up, q8_0 weights, Arm dot product: activations rounded to q8_0, sdot by lane, 16 rows x 4 columns (dotprod.h).
 */
#include "dotprod.h"

#define KERNEL_ID   assay_gate_up_q8_0_dotprod
#define KERNEL_NAME "q8_0_dotprod"
#define OP          GATE_UP
#define FORMAT      Q8_0
#define TYPE        q8_0
#include "kernel.h"
