/* SPDX-License-Identifier: MIT
 * kernel.h - the part of an assay_kernel that is the same for all files of this folder.  Before it is included:
 *   avx2.h, avx512.h or dotprod.h   define quant_run(), QUANT_G, QUANT_WIDE (panels per unit), QUANT_ISA, QUANT_PACK
 *   KERNEL_ID, KERNEL_NAME          assay_matmul_q4_0_avx2, "q4_0_avx2"
 *   OP, FORMAT, TYPE                MATMUL or GATE_UP, Q8_0, q8_0
 * x is rounded to q8_0 by its exact rule; the integers are exact; the chain of roundings has one link per block of 32
 * (two with a minimum), which LANES says with 32 (16) lanes. */
#define CAT_(a, b)   a##b
#define CAT(a, b)    CAT_(a, b)
#define QOP          CAT(QUANT_, OP)
#define QFORMAT      CAT(QUANT_, FORMAT)
#define WEIGHTS      (UINT64_C(1) << CAT(ASSAY_, TYPE))
#define NAME_MATMUL  "matmul"
#define NAME_GATE_UP "gate_up"
#define STRING_(s)   #s
#define STRING(s)    STRING_(s)

static assay_status run(const assay_args *a)
{
    return quant_run(a, QFORMAT, QOP);
}
static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return quant_units(a, QUANT_G, QUANT_WIDE);
}
static size_t packed_bytes(const assay_args *a)
{
    return quant_packed_bytes(a, QFORMAT, QOP);
}
static void pack(const assay_args *a, void *dst)
{
    quant_pack(a, dst, QFORMAT, QOP, QUANT_FLIP(QFORMAT));
}

static const assay_typeset types[] = {
    ASSAY_TYPES(ASSAY_T(f32)),
    ASSAY_TYPES(WEIGHTS),
    ASSAY_TYPES(QOP == QUANT_GATE_UP ? WEIGHTS : ASSAY_T(f32)), /* up, or the bias */
    ASSAY_TYPES(ASSAY_T(f32)),
};
static const assay_contract contract = {
    .h = { ASSAY_DEPTH_LANES, QFORMAT == QUANT_Q4_1 ? 16 : 32, 0 },
    .split_min = QFORMAT == QUANT_Q4_1,
    .round = { { "x", ASSAY_q8_0, 0 } },
};

const assay_kernel KERNEL_ID = {
    .op = CAT(NAME_, OP),
    .name = KERNEL_NAME,
    .isa = QUANT_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .packing = CAT(NAME_, OP) "_rows16_" STRING(TYPE) QUANT_PACK,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = quant_shared,
    .packed_bytes = packed_bytes,
    .pack = pack,
};
