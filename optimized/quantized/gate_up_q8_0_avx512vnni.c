/* SPDX-License-Identifier: MIT
 * gate_up, q8_0 weights, AVX-512 VNNI: activations rounded to q8_0, vpdpbusd with broadcasts from memory (avx512.h). */
#include "avx512.h"

#define KERNEL_ID   assay_gate_up_q8_0_avx512vnni
#define KERNEL_NAME "q8_0_avx512vnni"
#define OP          GATE_UP
#define FORMAT      Q8_0
#define TYPE        q8_0
#include "kernel.h"
