/* SPDX-License-Identifier: MIT
 * Which tokens end a generation.  Files name one or two of them at best; the field's reference (llama.cpp,
 * src/llama-vocab.cpp) goes by the tokens' text beside the keys, and so does this table. */
#include "bpe.h"
#include <stdlib.h>
#include <string.h>

typedef struct end {
    const char *text;
    const char *instead; /* a key that names the token of this role: then the text alone says nothing */
} end;

#define PAD "tokenizer.ggml.fim_pad_token_id"
#define REP "tokenizer.ggml.fim_rep_token_id"
#define SEP "tokenizer.ggml.fim_sep_token_id"
static const end texts[] = {
    { "<|eot_id|>", NULL },
    { "<|im_end|>", NULL },
    { "<|end|>", NULL },
    { "<|return|>", NULL },
    { "<|call|>", NULL },
    { "<|calls|>", NULL },
    { "<|flush|>", NULL },
    { "<end_of_turn>", NULL },
    { "<|endoftext|>", NULL },
    { "</s>", NULL },
    { "<|eom_id|>", NULL },
    { "<EOT>", NULL },
    { "_<EOT>", NULL },
    { "[EOT]", NULL },
    { "[EOS]", NULL },
    { "<|end_of_text|>", NULL },
    { "<end_of_utterance>", NULL },
    { "<eos>", NULL },
    { "<turn|>", NULL },
    { "<|tool_response>", NULL },
    { "<\xEF\xBD\x9C"
      "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
      NULL },
    { "[e~[", NULL },
    { "<|fim_pad|>", PAD },
    { "<fim-pad>", PAD },
    { "<fim_pad>", PAD },
    { "<PAD>", PAD },
    { "[PAD]", PAD },
    { "<|fim_repo|>", REP },
    { "<|repo_name|>", REP },
    { "<fim-repo>", REP },
    { "<REPO>", REP },
    { "<reponame>", REP },
    { "<|file_sep|>", SEP },
};
/* A vocabulary that has both others uses the first inside a turn. */
static const char *const inside[][3] = {
    { "<|end|>", "<|return|>", "<|call|>" }, { "<|end|>", "<|return|>", "<|calls|>" },
    { "<|end|>", "<|flush|>", "<|call|>" },  { "<|end|>", "<|flush|>", "<|calls|>" },
    { "</s>", "<|tool_response>", "</s>" },
};
static const char *const keys[] = {
    "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id", PAD, REP, SEP
};

static bool made_by_merge(const assay_bpe *b, int32_t id)
{
    for (size_t i = 0; i <= b->merge_mask; i++)
        if (b->merge[i].rank >= 0 && b->merge[i].id == id)
            return true;
    return false;
}

static int32_t find(const assay_tokenizer *t, const assay_span *text, const char *want)
{
    int32_t id = 0;
    while (id < t->n && !assay_span_is(text[id], want))
        id++;
    return id < t->n ? id : -1;
}

assay_status assay_ends_mark(const assay_gguf *g, assay_tokenizer *t, const assay_span *text, assay_why *why)
{
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const int32_t id = texts[i].instead && assay_gguf_find(g, texts[i].instead) ? -1 : find(t, text, texts[i].text);
        if (id < 0)
            continue;
        t->ends[id] = true;
        /* Whatever type the file gives it: text does not become such a token, unless merges of plain text make it. */
        if (t->kind[id] == ASSAY_TOKEN_USER || !made_by_merge(t->bpe, id))
            t->kind[id] = ASSAY_TOKEN_CONTROL;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !s; i++) {
        int64_t id = -1;
        s = assay_gguf_int(g, keys[i], false, 0, t->n - 1, &id, why);
        if (!s && id >= 0)
            t->ends[id] = true;
    }
    for (size_t i = 0; i < sizeof inside / sizeof *inside && !s; i++) {
        int32_t id[3];
        for (int k = 0; k < 3; k++)
            id[k] = find(t, text, inside[i][k]);
        if (id[0] >= 0 && id[1] >= 0 && id[2] >= 0)
            t->ends[id[0]] = false;
    }
    return s;
}
