/* SPDX-License-Identifier: MIT
 * attention, NEON: tiles of 6 rows x 16 keys or 16 channels (24 accumulators of 32 registers); with fewer rows wider
 * ones. The algorithm is in ../isa/flash.h. */
#include "../../reference/core/primitive.h"
#include "../isa/panel16_neon.h"

#define FLASH_ROWS 6
enum { LANES = 4, ROWS = FLASH_ROWS, TILE = 24 };
typedef float32x4_t vf;

static inline vf vf_set(float x)
{
    return vdupq_n_f32(x);
}
static inline vf vf_load(const float *p)
{
    return vld1q_f32(p);
}
static inline void vf_store(float *p, vf v)
{
    vst1q_f32(p, v);
}
static inline vf vf_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline vf vf_i8(const int8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
}
static inline float vf_one_f16(uint16_t h)
{
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(h))), 0);
}
static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return vmaxq_f32(a, b);
}
static inline vf vf_abs(vf a)
{
    return vabsq_f32(a);
}
static inline vf vf_exp(vf a)
{
    return neon_exp(a);
}
static inline vf vf_pick_less(vf a, vf b, vf yes, vf no) /* a < b ? yes : no */
{
    return vbslq_f32(vcltq_f32(a, b), yes, no);
}
static inline vf vf_between(vf z, const int32_t *p, int32_t lo, int32_t hi) /* -inf where p is outside lo .. hi */
{
    const int32x4_t x = vld1q_s32(p);
    const uint32x4_t out = vorrq_u32(vcltq_s32(x, vdupq_n_s32(lo)), vcgtq_s32(x, vdupq_n_s32(hi)));
    return vbslq_f32(out, vdupq_n_f32(-INFINITY), z);
}
static inline vf vf_distance(const int32_t *p, int32_t from) /* |p - from| */
{
    return vcvtq_f32_s32(vabsq_s32(vsubq_s32(vld1q_s32(p), vdupq_n_s32(from))));
}
static inline float vf_first(vf a)
{
    return vgetq_lane_f32(a, 0);
}
static inline float vf_sum(vf a)
{
    return vaddvq_f32(a);
}
/* Four elements at `at` bytes of row[0]. */
static inline vf vf_quad_f32(const char *const *row, int64_t at)
{
    return vld1q_f32((const float *)(row[0] + at));
}
static inline vf vf_quad_f16(const char *const *row, int64_t at)
{
    return vf_f16((const uint16_t *)(row[0] + at));
}
static inline vf vf_byte(vf words, int i) /* byte i of each word, signed */
{
    const int32x4_t high = vshlq_s32(vreinterpretq_s32_f32(words), vdupq_n_s32(24 - 8 * i));
    return vcvtq_f32_s32(vshrq_n_s32(high, 24));
}
static inline void vf_turn(vf x[4]) /* x[i]: 4 elements of row i; then: element i of 4 rows */
{
    const float32x4x2_t a = vtrnq_f32(x[0], x[1]), b = vtrnq_f32(x[2], x[3]);
    x[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    x[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    x[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    x[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}
static inline float vf_highest(vf a)
{
    return vmaxvq_f32(a);
}
static inline void vf_panel(float *dst, const float *const *row, int64_t D)
{
    neon_panel16(dst, row, D);
}

#include "../isa/flash_call.h"

const assay_kernel assay_attention_neon = { FLASH_KERNEL, .op = "attention", .name = "neon", .isa = ASSAY_ISA_neon };

static void tanh_of(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += LANES)
        vf_store((float *)y + i, flash_tanh(vf_load((const float *)x + i)));
}
const assay_primitive assay_primitive_tanh_neon = { "tanh", "neon", ASSAY_ISA_neon, tanh_of, 2.65f };
