/* SPDX-License-Identifier: MIT
 * family.h - a family of models: how its files name it, its tensors and its keys, and the graph that they make.
 * One file a family, one line in families.def; nobody else knows a family by name. */
#ifndef ASSAY_MODELS_FAMILY_H
#define ASSAY_MODELS_FAMILY_H
#include "graph.h"
#include "model.h"

/* How a tensor of safetensors becomes that of GGUF. */
typedef enum assay_form {
    ASSAY_FORM_SAME,
    ASSAY_FORM_TURNED, /* (in, out) becomes (out, in); (E, in, out): (E, out, in) */
    ASSAY_FORM_EVEN,   /* of the last dimension every second, from the first; then as TURNED if it is no vector each */
    ASSAY_FORM_ODD,    /* from the second */
    ASSAY_FORM_FLAT,   /* lengths of 1 in front go */
    ASSAY_FORM_GROUPS, /* rows of each key head's queries, key and value (G, H / G + 2, D, in) become q, k, v */
    /* bytes (E, out, in / 32, 16) of *_blocks and powers (E, out, in / 32) of *_scales become mxfp4 (E, out, in) */
    ASSAY_FORM_FOUR,
    ASSAY_FORM_FOUR_EVEN, /* of its rows every second, from the first */
    ASSAY_FORM_FOUR_ODD,
} assay_form;

/* gguf: without .weight and .bias, or the whole name; # a number; "": hf is a tensor that no graph needs.  hf: the
 * same, # the same number; * counts the experts, whose matrices become one.  Names that mean the same stand beside each
 * other: "wte|transformer.wte". */
typedef struct assay_tensor_name {
    const char *gguf, *hf;
    assay_form form;
} assay_tensor_name;

/* A key that need not be read. */
typedef struct assay_key_rule {
    const char *key;   /* a * at the end stands for any rest */
    bool harmless;     /* whatever it says, the answer is the same */
    double neutral[2]; /* else: the answer is the same with these, or when it is empty */
    const char *means; /* what any other value asks for; harmless: why it changes nothing */
} assay_key_rule;
extern const assay_key_rule assay_key_rules[]; /* of all families */

typedef struct assay_family {
    const char *name;         /* of `assay synth`, of lists: "qwen3" */
    const char *says;         /* one line: which models, what is special */
    const char *arch[6];      /* general.architecture and model_type */
    const char *rope_of_gguf; /* "interleaved" or "half": how its GGUF files pair what rope turns; NULL: no rope */
    const assay_tensor_name *names; /* up to a row of NULL */
    const assay_tensor_name *also;  /* further ones, of tensors that names does not name; NULL: none */
    const assay_key_rule *keys;     /* what the family has of keys that change nothing, up to NULL; NULL: none */
    /* The graph; the model's keys are read in it.  kv: element type of caches. */
    assay_status (*graph)(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why);
    const char *const *sizes; /* of a small model, for `assay synth`: "embedding_length=64", up to NULL */
} assay_family;

const assay_family *assay_family_at(size_t i);           /* NULL past the last */
const assay_family *assay_family_find(const char *name); /* by its own name; NULL: none */
const assay_family *assay_family_of(const char *arch);   /* by what a file calls it; NULL: none */
/* The graph of an open model, all of whose keys and tensors are understood. */
assay_status assay_family_graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why);
#endif
