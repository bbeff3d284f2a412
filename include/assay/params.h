/* SPDX-License-Identifier: MIT
 * params.h - one struct per op that has parameters, each in a header of its own, so that who needs one is not compiled
 * again for another.
 * What a shape tells is not a parameter (GQA: H query heads over G kv heads); what has elements is an operand
 * (mask, sinks, slopes, positions); what is left is a scalar, and its zero means "off" or "the usual value"; a kernel
 * sees no zero of the second sort: the value stands there. */
#ifndef ASSAY_PARAMS_H
#define ASSAY_PARAMS_H
#include "assay/params/activation.h"
#include "assay/params/add_layernorm.h"
#include "assay/params/alibi.h"
#include "assay/params/attention.h"
#include "assay/params/beam_step.h"
#include "assay/params/contrast.h"
#include "assay/params/dropout.h"
#include "assay/params/embed_sum.h"
#include "assay/params/gelu.h"
#include "assay/params/glu.h"
#include "assay/params/groupnorm.h"
#include "assay/params/gumbel.h"
#include "assay/params/l2norm.h"
#include "assay/params/layernorm.h"
#include "assay/params/matmul_scaled.h"
#include "assay/params/moe_balance.h"
#include "assay/params/moe_gate.h"
#include "assay/params/moe_slots.h"
#include "assay/params/penalize.h"
#include "assay/params/rmsnorm.h"
#include "assay/params/rope.h"
#include "assay/params/sample.h"
#include "assay/params/similarity.h"
#include "assay/params/scores.h"
#include "assay/params/sinusoid.h"
#include "assay/params/softmax.h"
#include "assay/params/t5_bias.h"
#include "assay/params/truncate.h"
#include "assay/params/unfold.h"
#endif
