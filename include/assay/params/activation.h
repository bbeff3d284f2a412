/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_ACTIVATION_H
#define ASSAY_PARAMS_ACTIVATION_H
#include <stdint.h>

enum {
    ASSAY_ACTIVATION_RELU,      /* max(x, 0)                                              */
    ASSAY_ACTIVATION_RELU2,     /* max(x, 0)^2                                            */
    ASSAY_ACTIVATION_SIGMOID,   /* 1 / (1 + e^-x)                                         */
    ASSAY_ACTIVATION_TANH,      /* tanh x                                                 */
    ASSAY_ACTIVATION_SOFTPLUS,  /* ln(1 + e^(beta x)) / beta; x where beta x > threshold  */
    ASSAY_ACTIVATION_HARDSWISH, /* x min(max(x + 3, 0), 6) / 6                            */
    ASSAY_ACTIVATION_ELU,       /* x above 0, else alpha (e^x - 1)                        */
    ASSAY_ACTIVATION_MISH,      /* x tanh(softplus(x)), beta 1                            */
    ASSAY_ACTIVATION_SOFTCAP    /* cap tanh(x / cap)                                      */
};
typedef struct assay_activation_params {
    int32_t form;
    float alpha;     /* elu; 0: 1                    */
    float beta;      /* softplus; 0: 1               */
    float cap;       /* softcap; 0: 30               */
    float threshold; /* softplus and mish; 0: none   */
} assay_activation_params;

#endif
