/* SPDX-License-Identifier: MIT
 * unfold: y[b,t] is patch t of image b, its elements in order of channel, row and column; patches in order of rows.
 * What a matmul needs to be a convolution (im2col): the patch embedding of ViT (Dosovitskiy et al. 2020), and, of
 * images of one row, Whisper's stem (Radford et al. 2022).  Beside the image there are zeros. */
#include "assay/params/unfold.h"
#include "ref.h"

static int64_t or_usual(int32_t asked, int64_t usual)
{
    return asked ? asked : usual;
}

REFERENCE(unfold)
{
    const assay_unfold_params *p = a->params;
    const int64_t C = a->dim[1], H = a->dim[2], W = a->dim[3], T = a->dim[4];
    const int64_t rows = or_usual(p->kernel_h, 1), columns = or_usual(p->kernel_w, 1);
    const int64_t down = or_usual(p->stride_h, rows), right = or_usual(p->stride_w, columns);
    const int64_t across = (W + 2 * p->pad_w - columns) / right + 1; /* patches side by side */
    const real *x = a->operand[0];                                   /* (B,C,H,W) */
    real *y = a->operand[1];                                         /* (B,T,K) */

    for (int64_t i = 0; i < a->dim[0] * T; i++) {
        const int64_t top = i % T / across * down - p->pad_h, left = i % T % across * right - p->pad_w;
        for (int64_t c = 0; c < C; c++)
            for (int64_t h = top; h < top + rows; h++)
                for (int64_t w = left; w < left + columns; w++) {
                    const bool inside = h >= 0 && h < H && w >= 0 && w < W;
                    *y++ = inside ? x[((i / T * C + c) * H + h) * W + w] : 0;
                }
    }
}
