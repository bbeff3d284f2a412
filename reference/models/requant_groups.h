/* SPDX-License-Identifier: MIT
 * requant_groups.h - matrices that share an input, and what makes it, by the names of the LLaMA family. */
#ifndef ASSAY_MODELS_REQUANT_GROUPS_H
#define ASSAY_MODELS_REQUANT_GROUPS_H
#include "../core/safetensors.h"

enum { ASSAY_GROUP_USERS = 3 };

typedef struct assay_requant_group {
    int maker, bias; /* tensors; bias -1: none */
    int user[ASSAY_GROUP_USERS], users;
    const assay_st_tensor *x; /* the input, as somebody saw it */
} assay_requant_group;

struct assay_requant;
assay_status assay_groups_make(struct assay_requant *r, assay_why *why);
#endif
