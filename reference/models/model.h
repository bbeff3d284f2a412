/* SPDX-License-Identifier: MIT
 * model.h - a model on disk, whatever its files: GGUF (one or split), or safetensors with config.json (one, or shards
 * with model.safetensors.index.json).  Two things are asked of it: what it says (a key) and what it holds (a tensor).
 *
 * A key has the name of its format: of GGUF what follows the architecture ("attention.head_count"), of config.json the
 * member ("num_attention_heads", "rope_scaling.factor").  A tensor has the name that GGUF gives it, or would; the
 * family's table says what config.json's format calls it, and in what form it lies there.
 * What was asked for is noted: what is left over at the end is refused by its name. */
#ifndef ASSAY_MODELS_MODEL_H
#define ASSAY_MODELS_MODEL_H
#include "../core/gguf.h"
#include "../core/safetensors.h"

struct cJSON;
struct assay_family;

typedef enum assay_key_kind { ASSAY_KEY_NUMBER, ASSAY_KEY_TRUTH, ASSAY_KEY_TEXT, ASSAY_KEY_LIST } assay_key_kind;

typedef struct assay_model_key {
    char name[96];
    assay_key_kind kind;
    double number;                 /* NUMBER, TRUTH (0, 1); LIST: how many items */
    assay_span text;               /* TEXT */
    const struct cJSON *json;      /* LIST of config.json */
    const assay_gguf_value *value; /* of GGUF */
    bool used;
} assay_model_key;

typedef struct assay_model_tensor {
    char name[96]; /* as the file has it */
    assay_tensor t;
    bool used;
} assay_model_tensor;

typedef struct assay_wanted { /* of a model that is only a shape: a tensor that its graph asked for */
    char name[64];
    int rank;
    int64_t dim[ASSAY_MAX_RANK];
} assay_wanted;

typedef struct assay_model {
    char *label;       /* the path, for messages */
    char folder[4096]; /* where further files lie: config.json's; "": a GGUF file has all */
    char arch[64];     /* general.architecture, model_type */
    const struct assay_family *family;
    int64_t heads, kv_heads; /* once the family has read them: for ASSAY_FORM_GROUPS */
    bool whole;              /* the graph has read every key that it reads */
    bool by_length;          /* the graph is another by longest, which follows */
    int64_t longest;         /* positions that a run may reach, where that decides (LongRoPE); 0: its context */
    bool hf;                 /* safetensors with config.json */
    bool blank;              /* neither file nor weights: what is asked for is noted, and is all zero (assay synth) */
    bool shapes;             /* nobody computes: no weight is read or brought into another form, which has no data */
    assay_gguf *gguf;
    size_t n_gguf;
    assay_safetensors *part;
    size_t n_parts;
    assay_map config_map; /* held, so that no output replaces the file (save.h) */
    struct cJSON *config;
    assay_model_key *key;
    size_t n_keys, keys_room;
    assay_model_tensor *tensor; /* sorted by name */
    size_t n_tensors;
    assay_wanted *wanted;
    size_t n_wanted, wanted_room;
    void **own; /* tensors in a form that the file does not have */
    size_t n_own;
} assay_model;

/* path: a GGUF file (any part of a split one), a .safetensors file, an index of parts, or a folder that holds one of
 * these.  ERR_IO, ERR_FORMAT, UNSUPPORTED (a family that is not known), each with a sentence. */
assay_status assay_model_open(const char *path, assay_model *m, assay_why *why);
void assay_model_close(assay_model *m);
/* A model of a family without a file: its keys are set by assay_model_set. */
assay_status assay_model_blank(const struct assay_family *f, assay_model *m, assay_why *why);
assay_status assay_model_set(assay_model *m, const char *key, double number, assay_why *why);

/* Typed reads; key: names that mean the same, in any format: "embedding_length|hidden_size|n_embd".  An absent key
 * (null in config.json) leaves *out as it was: ERR_FORMAT if required, else OK.  Another kind, out of range, two names
 * that differ: ERR_FORMAT. */
assay_status assay_model_int(assay_model *m, const char *key, bool required, int64_t lo, int64_t hi, int64_t *out,
                             assay_why *why);
assay_status assay_model_real(assay_model *m, const char *key, bool required, double lo, double hi, double *out,
                              assay_why *why);
assay_status assay_model_truth(assay_model *m, const char *key, bool *out, assay_why *why);
assay_status assay_model_text(assay_model *m, const char *key, assay_span *out, assay_why *why);
/* Numbers of a list, at most room; *n: how many it has (0: there is no such key). */
assay_status assay_model_reals(assay_model *m, const char *key, double *out, size_t room, size_t *n, assay_why *why);
/* Texts of a list of config.json: item i; NULL beyond. */
const char *assay_model_item(assay_model *m, const char *key, size_t i);
assay_model_key *assay_model_find(assay_model *m, const char *key); /* one name; NULL: it says nothing of it */

/* The tensor with GGUF's name, in the form that GGUF has; ERR_FORMAT if it is absent or cannot be brought into it.
 * rank and dim: what the graph needs, for a blank model and for messages; the caller compares. */
assay_status assay_model_weight(assay_model *m, const char *name, int rank, const int64_t *dim, assay_tensor *out,
                                assay_why *why);
bool assay_model_has(const assay_model *m, const char *name); /* blank: no tensor that is optional */
/* What is done with a key, once the graph was made: "read", or why it changes nothing, or what it would ask for;
 * understood: whether that is done. */
const char *assay_model_key_use(const assay_model *m, const assay_model_key *k, bool *understood);
/* Keys and tensors that nobody asked for, unless what they say changes nothing: UNSUPPORTED, by name. */
assay_status assay_model_rest(assay_model *m, assay_why *why);
#endif
