/* SPDX-License-Identifier: MIT
 * attention, AVX-512: tiles of 12 rows x 32 keys or 32 channels (24 accumulators); with fewer rows wider ones.
 * The algorithm is in ../isa/flash.h. */
#define ASSAY_TIER avx512
#include "../isa/decode.h"
#include "../isa/encode.h"
#include "../isa/panel16_avx2.h"
#include "../isa/simd_avx512.h"

#define FLASH_ROWS 12
enum { ROWS = FLASH_ROWS, TILE = 24 };

static inline vec vf_i8(const int8_t *p)
{
#ifdef ASSAY_SIMDE
    float t[16];
    for (int i = 0; i < 16; i++)
        t[i] = p[i];
    return _mm512_loadu_ps(t);
#else
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
#endif
}
static inline float vf_one_f16(uint16_t h)
{
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h)));
}
static inline vec vf_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}
static inline vec vf_pick_less(vec a, vec b, vec yes, vec no) /* a < b ? yes : no */
{
    return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), yes);
}
static inline vec vf_between(vec z, const int32_t *p, int32_t lo, int32_t hi) /* -inf where p is outside lo .. hi */
{
    const __m512i x = _mm512_loadu_si512(p);
    const __mmask16 out =
        _mm512_cmpgt_epi32_mask(_mm512_set1_epi32(lo), x) | _mm512_cmpgt_epi32_mask(x, _mm512_set1_epi32(hi));
    return _mm512_mask_mov_ps(z, out, _mm512_set1_ps(-INFINITY));
}
static inline vec vf_distance(const int32_t *p, int32_t from) /* |p - from| */
{
#ifdef ASSAY_SIMDE
    float t[16];
    for (int i = 0; i < 16; i++)
        t[i] = fabsf((float)(p[i] - from));
    return _mm512_loadu_ps(t);
#else
    return _mm512_cvtepi32_ps(_mm512_abs_epi32(_mm512_sub_epi32(_mm512_loadu_si512(p), _mm512_set1_epi32(from))));
#endif
}
static inline float vf_first(vec a)
{
    return _mm256_cvtss_f32(avx512_half(a, 0));
}
/* Four elements at `at` bytes of row[0], row[4], row[8] and row[12]. */
static inline vec vf_quad_f32(const char *const *row, int64_t at)
{
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps((const float *)(row[0] + at)));
    x = _mm512_mask_broadcast_f32x4(x, 0x00f0, _mm_loadu_ps((const float *)(row[4] + at)));
    x = _mm512_mask_broadcast_f32x4(x, 0x0f00, _mm_loadu_ps((const float *)(row[8] + at)));
    return _mm512_mask_broadcast_f32x4(x, 0xf000, _mm_loadu_ps((const float *)(row[12] + at)));
}
static inline vec vf_quad_f16(const char *const *row, int64_t at)
{
    const __m128i low = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(row[0] + at)),
                                           _mm_loadl_epi64((const __m128i *)(row[4] + at)));
    const __m128i high = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(row[8] + at)),
                                            _mm_loadl_epi64((const __m128i *)(row[12] + at)));
#ifdef ASSAY_SIMDE
    uint16_t t[16];
    _mm_storeu_si128((__m128i *)t, low);
    _mm_storeu_si128((__m128i *)(t + 8), high);
    return avx512_f16(t);
#else
    return _mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
#endif
}
static inline vec vf_byte(vec words, int i) /* byte i of each word, signed: at the top, a multiple of 2^24 */
{
    const __m512i up = _mm512_sllv_epi32(_mm512_castps_si512(words), _mm512_set1_epi32(24 - 8 * i));
    const __m512i high = _mm512_and_si512(up, _mm512_set1_epi32((int)0xff000000u));
    return _mm512_mul_ps(avx512_from_i32(high), _mm512_set1_ps(0x1p-24f));
}
static inline void vf_turn(vec x[4]) /* x[i]: 4 elements of rows i, i + 4, i + 8, i + 12; then: element i of 16 rows */
{
    const __m512 a = _mm512_unpacklo_ps(x[0], x[1]), b = _mm512_unpackhi_ps(x[0], x[1]);
    const __m512 c = _mm512_unpacklo_ps(x[2], x[3]), d = _mm512_unpackhi_ps(x[2], x[3]);
    x[0] = _mm512_shuffle_ps(a, c, 0x44), x[1] = _mm512_shuffle_ps(a, c, 0xee);
    x[2] = _mm512_shuffle_ps(b, d, 0x44), x[3] = _mm512_shuffle_ps(b, d, 0xee);
}
static inline float vf_highest(vec a)
{
    const __m256 h = _mm256_max_ps(avx512_half(a, 0), avx512_half(a, 1));
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
static inline void vf_panel(float *dst, const float *const *row, int64_t D)
{
    avx2_panel16(dst, row, D);
}

#include "../isa/flash_call.h"

const assay_kernel assay_attention_avx512 = { FLASH_KERNEL, .op = "attention", .name = "avx512",
                                              .isa = ASSAY_ISA_avx512 };
