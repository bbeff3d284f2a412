/* SPDX-License-Identifier: MIT
 * attention, AVX2: tiles of 6 rows x 16 keys or 16 channels (12 accumulators, 15 registers); with fewer rows wider
 * ones. The algorithm is in ../isa/flash.h. */
#define ASSAY_TIER avx2
#include "../isa/decode.h"
#include "../isa/encode.h"
#include "../isa/panel16_avx2.h"
#include "../isa/simd_avx2.h"

#define FLASH_ROWS 6
enum { ROWS = FLASH_ROWS, TILE = 12 };

static inline vec vf_i8(const int8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
static inline float vf_one_f16(uint16_t h)
{
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h)));
}
static inline vec vf_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}
static inline vec vf_pick_less(vec a, vec b, vec yes, vec no) /* a < b ? yes : no */
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
static inline vec vf_between(vec z, const int32_t *p, int32_t lo, int32_t hi) /* -inf where p is outside lo .. hi */
{
    const __m256i x = _mm256_loadu_si256((const __m256i *)p);
    const __m256i out =
        _mm256_or_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(lo), x), _mm256_cmpgt_epi32(x, _mm256_set1_epi32(hi)));
    return _mm256_blendv_ps(z, _mm256_set1_ps(-INFINITY), _mm256_castsi256_ps(out));
}
static inline vec vf_distance(const int32_t *p, int32_t from) /* |p - from| */
{
    const __m256i x = _mm256_loadu_si256((const __m256i *)p);
    return _mm256_cvtepi32_ps(_mm256_abs_epi32(_mm256_sub_epi32(x, _mm256_set1_epi32(from))));
}
static inline float vf_first(vec a)
{
    return _mm256_cvtss_f32(a);
}
/* Four elements at `at` bytes of row[0] and of row[4]. */
static inline vec vf_quad_f32(const char *const *row, int64_t at)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps((const float *)(row[0] + at))),
                                _mm_loadu_ps((const float *)(row[4] + at)), 1);
}
static inline vec vf_quad_f16(const char *const *row, int64_t at)
{
    return _mm256_cvtph_ps(_mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(row[0] + at)),
                                              _mm_loadl_epi64((const __m128i *)(row[4] + at))));
}
static inline vec vf_byte(vec words, int i) /* byte i of each word, signed */
{
    const __m256i high = _mm256_sllv_epi32(_mm256_castps_si256(words), _mm256_set1_epi32(24 - 8 * i));
    return _mm256_cvtepi32_ps(_mm256_srai_epi32(high, 24));
}
static inline void vf_turn(vec x[4]) /* x[i]: 4 elements of row i and of row i + 4; then: element i of 8 rows */
{
    const __m256 a = _mm256_unpacklo_ps(x[0], x[1]), b = _mm256_unpackhi_ps(x[0], x[1]);
    const __m256 c = _mm256_unpacklo_ps(x[2], x[3]), d = _mm256_unpackhi_ps(x[2], x[3]);
    x[0] = _mm256_shuffle_ps(a, c, 0x44), x[1] = _mm256_shuffle_ps(a, c, 0xee);
    x[2] = _mm256_shuffle_ps(b, d, 0x44), x[3] = _mm256_shuffle_ps(b, d, 0xee);
}
static inline float vf_highest(vec a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

static inline void vf_panel(float *dst, const float *const *row, int64_t D)
{
    avx2_panel16(dst, row, D);
}

#include "../isa/flash_call.h"

const assay_kernel assay_attention_avx2 = { FLASH_KERNEL, .op = "attention", .name = "avx2", .isa = ASSAY_ISA_avx2 };
