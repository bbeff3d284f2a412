/* SPDX-License-Identifier: MIT
 * Which tokens end a generation.  Files name one or two of them at best; the field's reference (llama.cpp,
 * src/llama-vocab.cpp) goes by the tokens' text beside the keys, and so does this table. */
#include "bpe.h"
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
/* A vocabulary that has both others uses the first inside a turn.  All of them stand in the list above. */
static const char *const inside[][3] = {
    { "<|end|>", "<|return|>", "<|call|>" }, { "<|end|>", "<|return|>", "<|calls|>" },
    { "<|end|>", "<|flush|>", "<|call|>" },  { "<|end|>", "<|flush|>", "<|calls|>" },
    { "</s>", "<|tool_response>", "</s>" },
};
static const char *const keys[] = {
    "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id", PAD, REP, SEP
};

enum { TEXTS = sizeof texts / sizeof *texts };

/* The first token of each text; -1: none. */
static void find_all(const assay_tokenizer *t, const assay_span *text, int32_t id[TEXTS])
{
    for (int k = 0; k < TEXTS; k++)
        id[k] = -1;
    for (int32_t i = 0; i < t->n; i++)
        for (int k = 0; k < TEXTS && text[i].n && strchr("<[_", text[i].at[0]); k++) /* all of them begin so */
            if (id[k] < 0 && assay_span_is(text[i], texts[k].text))
                id[k] = i;
}

static int32_t found(const int32_t id[TEXTS], const char *text)
{
    int k = 0;
    while (strcmp(texts[k].text, text) != 0)
        k++;
    return id[k];
}

assay_status assay_ends_mark(const assay_gguf *g, assay_tokenizer *t, const assay_span *text, assay_why *why)
{
    assay_status s = ASSAY_OK;
    int32_t id[TEXTS];
    find_all(t, text, id);
    for (int k = 0; k < TEXTS; k++) {
        if (id[k] < 0 || (texts[k].instead && assay_gguf_find(g, texts[k].instead)))
            continue;
        t->ends[id[k]] = true;
        t->kind[id[k]] = ASSAY_TOKEN_CONTROL; /* whatever the file says: text does not become such a token */
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !s; i++) {
        int64_t named = -1;
        s = assay_gguf_int(g, keys[i], false, 0, t->n - 1, &named, why);
        if (!s && named >= 0)
            t->ends[named] = true;
    }
    for (size_t i = 0; i < sizeof inside / sizeof *inside && !s; i++)
        if (found(id, inside[i][0]) >= 0 && found(id, inside[i][1]) >= 0 && found(id, inside[i][2]) >= 0)
            t->ends[found(id, inside[i][0])] = false;
    return s;
}
