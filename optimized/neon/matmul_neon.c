/* SPDX-License-Identifier: MIT
 * matmul, NEON: tiles of 5 rows x 16 columns (20 sums, 4 weights, 5 activations: 29 of 32 registers). */
#include "../isa/neon.h"

typedef float32x4_t vec;
enum { LANES = 4, PANEL_VECS = 4, ROWS = 5 };

/* Sums that one step of k feeds: 16 hide the latency of the FMA on four pipes. */
#define PANELS_FOR(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 2 : 1)
#define TILES(X)         X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(3, 1) X(4, 1) X(5, 1)

static inline vec vec_zero(void)
{
    return vdupq_n_f32(0);
}
static inline vec vec_load(const float *p)
{
    return vld1q_f32(p);
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return n < LANES ? neon_load_tail(p, n) : vld1q_f32(p);
}
static inline void vec_store(float *p, vec v)
{
    vst1q_f32(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    if (n < LANES)
        neon_store_tail(p, v, n);
    else
        vst1q_f32(p, v);
}
static inline vec vec_add(vec a, vec b)
{
    return vaddq_f32(a, b);
}
static inline vec vec_fma(vec a, vec b, vec c)
{
    return vfmaq_f32(c, a, b);
}
static inline vec vec_all(const float *p)
{
    return vld1q_dup_f32(p);
}
static inline vec vec_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline vec vec_bf16_even(const uint32_t *p)
{
    return vreinterpretq_f32_u32(vshlq_n_u32(vld1q_u32(p), 16));
}
static inline vec vec_bf16_odd(const uint32_t *p)
{
    return vreinterpretq_f32_u32(vandq_u32(vld1q_u32(p), vdupq_n_u32(0xffff0000u)));
}
#include "../isa/gemm_panels.h"

const assay_kernel assay_matmul_neon = {
    .op = "matmul",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .packing = "matmul_panel16",
    .run = run,
    .units = units,
    .scratch = scratch,
    .packed_bytes = packed_bytes,
    .pack = pack,
};
