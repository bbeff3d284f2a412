/* SPDX-License-Identifier: MIT
 * kernel.h - the kernels of one format and tier: matmul and gate_up.  Before it is included a tier's source defines
 * quant_run(), QUANT_G, QUANT_WIDE (panels per unit), QUANT_TIER, QUANT_PACK, QUANT_FLIP, QUANT_LINKS; FORMAT, the
 * weights' type, is a compile definition.
 * x is rounded to q8_0 by its exact rule; the integers are exact; the chain of roundings has QUANT_LINKS(groups,
 * minima) links per block of 32, groups of it with scales and minima of their own, which LANES says with 32 / links
 * lanes. */
#define STRING_(s)    #s
#define STRING(s)     STRING_(s)
#define WEIGHTS       (UINT64_C(1) << CAT(ASSAY_, FORMAT))
#define KERNEL_ID(op) CAT(CAT(CAT(assay_, op), CAT(_, FORMAT)), CAT(_, QUANT_TIER))
#define F32           ASSAY_TYPES(ASSAY_T(f32))
#define TAKES(o2, o3)                                                                                                  \
    {                                                                                                                  \
        F32, ASSAY_TYPES(WEIGHTS), o2, o3                                                                              \
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
static size_t shared(const assay_args *a)
{
    return (size_t)(a->dim[0] * columns_bytes(a));
}

static assay_status run_matmul(const assay_args *a)
{
    return quant_run(a, QUANT_MATMUL);
}
static size_t packed_matmul(const assay_args *a)
{
    return quant_packed_bytes(a, QUANT_MATMUL);
}
static void pack_matmul(const assay_args *a, void *dst)
{
    quant_pack(a, dst, QUANT_MATMUL, QUANT_FLIP);
}

static assay_status run_gate_up(const assay_args *a)
{
    return quant_run(a, QUANT_GATE_UP);
}
static size_t packed_gate_up(const assay_args *a)
{
    return quant_packed_bytes(a, QUANT_GATE_UP);
}
static void pack_gate_up(const assay_args *a, void *dst)
{
    quant_pack(a, dst, QUANT_GATE_UP, QUANT_FLIP);
}

static const assay_typeset matmul_types[] = { F32, ASSAY_TYPES(WEIGHTS), F32, F32 };
static const assay_typeset gate_up_types[] = { F32, ASSAY_TYPES(WEIGHTS), ASSAY_TYPES(WEIGHTS), F32 };
static const assay_contract contract = {
    .h = { ASSAY_DEPTH_LANES, BLOCK / QUANT_LINKS(CAT(groups_, FORMAT), CAT(minima_, FORMAT)), 0 },
    .split_min = CAT(minima_, FORMAT),
    .round = { { "x", ASSAY_q8_0, 0 } },
};
#define KERNEL(title)                                                                                                  \
    {                                                                                                                  \
        .op = #title, .name = STRING(FORMAT) "_" STRING(QUANT_TIER), .isa = CAT(ASSAY_ISA_, QUANT_TIER),               \
        .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT, .types = title##_types, .contract = &contract,           \
        .packing = #title "_rows16_" STRING(FORMAT) QUANT_PACK, .run = run_##title, .phases = phases, .units = units,  \
        .shared = shared, .packed_bytes = packed_##title, .pack = pack_##title,                                        \
    }

const assay_kernel KERNEL_ID(matmul) = KERNEL(matmul);
const assay_kernel KERNEL_ID(gate_up) = KERNEL(gate_up);
