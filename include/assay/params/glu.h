/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_GLU_H
#define ASSAY_PARAMS_GLU_H
#include <stdint.h>

enum {
    ASSAY_GLU_SIGMOID,   /* GLU: sigmoid(gate) up                                             */
    ASSAY_GLU_RELU,      /* ReGLU: max(gate, 0) up                                            */
    ASSAY_GLU_GELU,      /* GeGLU: gate Phi(gate) up                                          */
    ASSAY_GLU_GELU_TANH, /* GeGLU by the approximation by tanh                                */
    ASSAY_GLU_CLAMPED    /* (u + 1) g sigmoid(alpha g), g = min(gate, limit), u = up in +-limit */
};
typedef struct assay_glu_params {
    int32_t form;
    float alpha; /* clamped; 0: 1.702 */
    float limit; /* clamped; 0: 7     */
} assay_glu_params;

#endif
