/* SPDX-License-Identifier: MIT
 * Kernels that compute the right result and leave the machine wrong (AAPCS64).  abi.c lists them. */
#if defined(__aarch64__)
    .text
    .macro entry name
    .globl \name
    .hidden \name
    .type \name, %function
    .p2align 4
\name:
    .endm

    .macro wrong name /* what follows runs when the result is there */
    entry \name
    stp x29, x30, [sp, -16]!
    bl assay_abi_right
    ldp x29, x30, [sp], 16
    .endm

    .macro finish
    mov w0, 0
    ret
    .endm

    .irp r, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29
    wrong assay_abi_\r
    add \r, \r, 1
    finish
    .endr
    .irp r, d8, d9, d10, d11, d12, d13, d14, d15
    wrong assay_abi_\r
    fmov \r, 1.0
    finish
    .endr

    wrong assay_abi_sp
    add sp, sp, 16
    finish

    wrong assay_abi_stack
    str x0, [sp, 8]
    finish

    .macro fpcr name, bits
    wrong \name
    mrs x1, fpcr
    mov x2, \bits
    eor x1, x1, x2
    msr fpcr, x1
    finish
    .endm
    fpcr assay_abi_ftz, 0x1000000
    fpcr assay_abi_rounding, 0xc00000
    fpcr assay_abi_default_nan, 0x2000000

    entry assay_abi_team /* only in calls that do not begin at the first unit */
    stp x0, x30, [sp, -16]!
    bl assay_abi_right
    ldp x0, x30, [sp], 16
    ldr x1, [x0, 32] /* args.begin */
    cbz x1, 1f
    mvn x21, x21
1:  finish

    entry assay_abi_pack
    fmov d14, 1.0
    ret
    entry assay_abi_units
    mvn x26, x26
    b assay_abi_rows

    /* ---- legal: the same things, put right again, and what no rule forbids ---- */

    wrong assay_abi_legal_saved
    stp x19, x27, [sp, -32]!
    str d9, [sp, 16]
    add x19, x19, 1
    add x27, x27, 1
    fmov d9, 1.0
    mrs x1, fpcr
    mov x2, 0x1000000
    msr fpcr, x2
    msr fpcr, x1
    ldr d9, [sp, 16]
    ldp x19, x27, [sp], 32
    finish

    wrong assay_abi_legal_status /* FPSR, the high half of v9, caller-saved registers */
    fmov s0, 1.0
    movi v1.2d, 0
    fdiv s0, s0, s1
    mov x1, -1
    ins v9.d[1], x1
    movi v31.16b, 255
    mov x17, x1
    mov x9, x1
    finish
#endif
    .section .note.GNU-stack, "", %progbits
