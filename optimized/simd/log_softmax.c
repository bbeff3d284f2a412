/* SPDX-License-Identifier: MIT
 * log_softmax: maximum; sum of the exponentials, which are not kept; z - maximum - ln sum, one after the other.  A NaN
 * comes to all of its row by the sum. */
#include "../isa/ln.h"
#include "../isa/logits.h"

LOGITS_INLINE void log_softmax_row(const logits *l, float *y, int64_t C)
{
    const int64_t tail = C % LANES, body = C - tail;
    const float top = logits_top(l, C);
    int64_t c = 0;
    if (!(top > -INFINITY)) {
        const float none = logits_hollow(l, C, -INFINITY);
        for (; c < C; c++)
            y[c] = none;
        return;
    }
    const vec m = vec_set(top), ln = vec_set(ln_of(logits_sum(l, C, top)));
    for (; c + 4 * LANES <= C; c += 4 * LANES) {
        const vec y0 = vec_sub(exponent(l, c, m), ln), y1 = vec_sub(exponent(l, c + LANES, m), ln);
        const vec y2 = vec_sub(exponent(l, c + 2 * LANES, m), ln), y3 = vec_sub(exponent(l, c + 3 * LANES, m), ln);
        vec_store(y + c, y0), vec_store(y + c + LANES, y1);
        vec_store(y + c + 2 * LANES, y2), vec_store(y + c + 3 * LANES, y3);
    }
    for (; c < body; c += LANES)
        vec_store(y + c, vec_sub(exponent(l, c, m), ln));
    if (tail)
        vec_store_n(y + c, vec_sub(exponent_n(l, c, m, tail), ln), tail);
}

static assay_status run(const assay_args *a)
{
    return logits_rows(a, NULL, &a->operand[2], log_softmax_row);
}

SIMD_KERNEL(log_softmax) = {
    SIMD_ROWS,
    .op = "log_softmax",
    .flags = SIMD_PROMISES,
    .contract = &logits_contract,
};
