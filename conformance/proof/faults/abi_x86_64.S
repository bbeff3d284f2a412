/* SPDX-License-Identifier: MIT
 * Kernels that compute the right result and leave the machine wrong (System V).  A compiler would save what these
 * break, so they are written here; abi.c lists them. */
#if defined(__x86_64__)
    .text
    .macro entry name
    .globl \name
    .hidden \name
    .type \name, @function
    .p2align 4
\name:
    .endm

    .macro wrong name /* what follows runs when the result is there; rax, rcx and rdx may be used */
    entry \name
    subq $8, %rsp
    call assay_abi_right
    addq $8, %rsp
    .endm

    .macro finish
    xorl %eax, %eax
    ret
    .endm

    .irp r, rbx, rbp, r12, r13, r14, r15
    wrong assay_abi_\r
    incq %\r
    finish
    .endr

    wrong assay_abi_sp /* as a callee that pops its arguments returns */
    xorl %eax, %eax
    ret $8

    wrong assay_abi_stack /* as the Microsoft convention allows: the caller's first 32 bytes as home space */
    movq %rax, 16(%rsp)
    finish

    wrong assay_abi_direction
    std
    finish

    .macro mxcsr name, bits
    wrong \name
    stmxcsr -8(%rsp)
    xorl $\bits, -8(%rsp)
    ldmxcsr -8(%rsp)
    finish
    .endm
    mxcsr assay_abi_ftz, 0x8000
    mxcsr assay_abi_daz, 0x0040
    mxcsr assay_abi_rounding, 0x6000
    mxcsr assay_abi_traps, 0x0080

    wrong assay_abi_x87_precision
    fnstcw -8(%rsp)
    andw $0xfcff, -8(%rsp)
    fldcw -8(%rsp)
    finish

    wrong assay_abi_mmx
    pxor %mm3, %mm3
    finish

    wrong assay_abi_x87_stack
    fldz
    finish

    wrong assay_abi_ymm
    vpcmpeqd %ymm7, %ymm7, %ymm7
    finish

    wrong assay_abi_zmm /* the halves that a look at ymm misses */
    vpternlogd $0xff, %zmm9, %zmm9, %zmm9
    vpxor %xmm1, %xmm1, %xmm1
    vinserti64x4 $0, %ymm1, %zmm9, %zmm9
    finish

    entry assay_abi_team /* only in calls that do not begin at the first unit */
    pushq %rdi
    call assay_abi_right
    popq %rdi
    cmpq $0, 32(%rdi) /* args.begin */
    je 1f
    notq %r13
1:  finish

    entry assay_abi_pack
    notq %r14
    ret
    entry assay_abi_units
    movq assay_abi_rows@GOTPCREL(%rip), %rax
    notq %rbx
    jmp *%rax

    /* ---- legal: the same things, put right again, and what no rule forbids ---- */

    wrong assay_abi_legal_saved
    pushq %rbx
    pushq %r12
    incq %rbx
    incq %r12
    stmxcsr -8(%rsp)
    movl $0xffc0, -16(%rsp)
    ldmxcsr -16(%rsp)
    ldmxcsr -8(%rsp)
    std
    cld
    pxor %mm3, %mm3
    emms
    popq %r12
    popq %rbx
    finish

    wrong assay_abi_legal_status /* sticky exception flags of both units, other caller-saved registers, the red zone */
    movl $1, %eax
    cvtsi2ss %eax, %xmm0
    xorps %xmm1, %xmm1
    divss %xmm1, %xmm0
    fldz
    fld1
    fdivp
    fstp %st(0)
    movq $-1, %rcx
    movq %rcx, %rdx
    movq %rcx, %rsi
    movq %rcx, %rdi
    movq %rcx, %r8
    movq %rcx, %r9
    movq %rcx, %r10
    movq %rcx, %r11
    movq %rcx, -8(%rsp)
    movq %rcx, -128(%rsp)
    pcmpeqd %xmm15, %xmm15
    finish

    wrong assay_abi_legal_zeroupper
    vpcmpeqd %ymm7, %ymm7, %ymm7
    vzeroupper
    finish

    wrong assay_abi_legal_zmm16 /* no transition and no dependence comes of zmm16-31 */
    vpternlogd $0xff, %zmm19, %zmm19, %zmm19
    finish
#endif
    .section .note.GNU-stack, "", %progbits
