/* SPDX-License-Identifier: MIT
 * gate_up, q4_0 weights, AVX-512 VNNI: activations rounded to q8_0, vpdpbusd with broadcasts from memory (avx512.h). */
#include "avx512.h"

#define KERNEL_ID   assay_gate_up_q4_0_avx512vnni
#define KERNEL_NAME "q4_0_avx512vnni"
#define OP          GATE_UP
#define FORMAT      Q4_0
#define TYPE        q4_0
#include "kernel.h"
