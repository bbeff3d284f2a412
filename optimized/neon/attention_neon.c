/* SPDX-License-Identifier: MIT
 * attention, NEON: tiles of 6 rows x 16 keys or 16 channels (24 accumulators of 32 registers); with fewer rows wider
 * ones. The algorithm is in ../isa/flash.h. */
#define ASSAY_TIER neon
#include "../isa/decode.h"
#include "../isa/encode.h"
#include "../isa/panel16_neon.h"
#include "../isa/simd_neon.h"

#define FLASH_ROWS 6
enum { ROWS = FLASH_ROWS, TILE = 24 };

static inline vec vf_i8(const int8_t *p)
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
static inline vec vf_max(vec a, vec b)
{
    return vmaxq_f32(a, b);
}
static inline vec vf_pick_less(vec a, vec b, vec yes, vec no) /* a < b ? yes : no */
{
    return vbslq_f32(vcltq_f32(a, b), yes, no);
}
static inline vec vf_between(vec z, const int32_t *p, int32_t lo, int32_t hi) /* -inf where p is outside lo .. hi */
{
    const int32x4_t x = vld1q_s32(p);
    const uint32x4_t out = vorrq_u32(vcltq_s32(x, vdupq_n_s32(lo)), vcgtq_s32(x, vdupq_n_s32(hi)));
    return vbslq_f32(out, vdupq_n_f32(-INFINITY), z);
}
static inline vec vf_distance(const int32_t *p, int32_t from) /* |p - from| */
{
    return vcvtq_f32_s32(vabsq_s32(vsubq_s32(vld1q_s32(p), vdupq_n_s32(from))));
}
static inline float vf_first(vec a)
{
    return vgetq_lane_f32(a, 0);
}
/* Four elements at `at` bytes of row[0]. */
static inline vec vf_quad_f32(const char *const *row, int64_t at)
{
    return vld1q_f32((const float *)(row[0] + at));
}
static inline vec vf_quad_f16(const char *const *row, int64_t at)
{
    return vec_f16((const uint16_t *)(row[0] + at));
}
static inline vec vf_byte(vec words, int i) /* byte i of each word, signed */
{
    const int32x4_t high = vshlq_s32(vreinterpretq_s32_f32(words), vdupq_n_s32(24 - 8 * i));
    return vcvtq_f32_s32(vshrq_n_s32(high, 24));
}
static inline void vf_turn(vec x[4]) /* x[i]: 4 elements of row i; then: element i of 4 rows */
{
    const float32x4x2_t a = vtrnq_f32(x[0], x[1]), b = vtrnq_f32(x[2], x[3]);
    x[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    x[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    x[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    x[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}
static inline float vf_highest(vec a)
{
    return vmaxvq_f32(a);
}
static inline void vf_panel(float *dst, const float *const *row, int64_t D)
{
    neon_panel16(dst, row, D);
}

#include "../isa/flash_call.h"

const assay_kernel assay_attention_neon = { FLASH_KERNEL, .op = "attention", .name = "neon", .isa = ASSAY_ISA_neon };
