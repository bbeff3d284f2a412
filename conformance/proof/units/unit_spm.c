/* SPDX-License-Identifier: MIT
 * A tokenizer.model of SentencePiece, byte by byte: what is read, what is passed over, and the sentence for each
 * damage. */
#include "../../../reference/models/encoding.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define SPEC "\x12\x02\x18\x02"                            /* model_type: BPE */
static const char file[] = "\x0A\x09\x0A\x05<unk>\x18\x02" /* 0 */
                           "\x0A\x07\x0A\x03<s>\x18\x03"   /* 1 */
                           "\x0A\x03\x0A\x01"
                           "a" /* 2 */
                           "\x0A\x08\x15\x00\x00\x80\xBF\x0A\x01"
                           "b" /* 3: its score first */
                           "\x0A\x09\x0A\x02"
                           "ab\x15\x00\x00\x00\xC0" /* 4 */
    SPEC "\x1A\x04\x18\x00\x20\x00";                /* neither prefix nor squeeze */

static assay_status load(const char *bytes, size_t n, assay_why *why)
{
    assay_vocab v;
    assay_tokenizer t;
    assay_status s = assay_vocab_spm(bytes, n, "memory", &v, why);
    if (s)
        return s;
    s = assay_tokenizer_make(&v, &t, why);
    assay_vocab_free(&v);
    if (!s)
        assay_tokenizer_free(&t);
    return s;
}

START_TEST(test_file)
{
    assay_vocab v;
    assay_tokenizer t;
    assay_why why = { "" };
    ck_assert_msg(!assay_vocab_spm(file, sizeof file - 1, "memory", &v, &why), "%s", why.text);
    ck_assert(v.n == 5 && v.kind == &assay_kind_pieces && !v.space_prefix && !v.squeeze);
    ck_assert(v.type[1] == ASSAY_TOKEN_CONTROL && v.type[2] == ASSAY_TOKEN_NORMAL && v.score[3] == -1 &&
              v.score[4] == -2);
    ck_assert(v.named[ASSAY_NAMED_UNKNOWN] == 0 && v.named[ASSAY_NAMED_BOS] == 1 && v.named[ASSAY_NAMED_EOS] == -1);
    ck_assert_int_eq(assay_tokenizer_make(&v, &t, &why), ASSAY_OK);
    assay_vocab_free(&v);
    int32_t *ids;
    size_t n_ids;
    ck_assert_int_eq(assay_tokenizer_encode(&t, "ab<s>ba", 7, true, &ids, &n_ids, &why), ASSAY_OK);
    ck_assert(n_ids == 4 && ids[0] == 4 && ids[1] == 1 && ids[2] == 3 && ids[3] == 2);
    free(ids);
    ck_assert(!t.add_bos && !t.add_eos);
    assay_tokenizer_free(&t);
    for (size_t n = 0; n < sizeof file - 1; n++) /* cut off anywhere */
        load(file, n, &why);
    static const struct {
        const char *more, *says;
        size_t n;
    } bad[] = {
        { "\x0A\x05\x0A\x01z", "has 5 bytes, where 3 are left", 5 },
        { "\x0A\x02\x0A\x01", "has 1 bytes, where 0 are left", 4 },
        { "\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "18446744073709551615 bytes", 11 },
        { "\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", "more than 64 bits", 11 },
        { "\x12\xFF", "cut off", 2 },
        { "\x0B\x00", "field 1 of wire type 3 is not known", 2 },
        { "\x02\x00", "field 0", 2 },
        { "\x08\x01", "a piece is of wire type 0, not 2", 2 },
        { "\x0A\x02\x10\x01", "a piece's score is of wire type 0, not 5", 4 },
        { "\x0A\x00", "is empty", 2 },
        { "\x0A\x05\x0A\x01z\x18\x07", "has type 7", 7 },
        { "\x0A\x05\x0A\x01z\x18\x02", "2 pieces are of type unknown", 7 },
        { "\x0A\x05\x0A\x01z\x18\x06", "1 pieces are bytes, where byte_fallback is off", 7 },
        { "\x0A\x08\x0A\x01z\x15\x00\x00\xC0\x7F", "score of token 5 is no number", 10 },
        { "\x12\x03\xC0\x01\x01", "treat_whitespace_as_suffix", 5 },
        { "\x1A\x02\x28\x00", "escape_whitespaces", 4 },
        { "\x12\x02\x18\x03", "WORD", 4 },
        { "\x12\x02\x18\x04", "CHAR", 4 },
        { "\x12\x02\x18\x05", "model_type is 5", 4 },
        { "\x2A\x03\x12\x01x", "denormalizer", 5 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char bytes[sizeof file + 16];
        memcpy(bytes, file, sizeof file - 1);
        memcpy(bytes + sizeof file - 1, bad[i].more, bad[i].n);
        ck_assert_int_ne(load(bytes, sizeof file - 1 + bad[i].n, &why), ASSAY_OK);
        ck_assert_msg(strstr(why.text, bad[i].says) != NULL, "'%s' lacks '%s'", why.text, bad[i].says);
    }
    static const char passed[] = "\xC2\x3E\x01x\xC9\x3E"
                                 "12345678\xCD\x3E"
                                 "1234\xD0\x3E\x05"; /* fields 1000 and on */
    char bytes[sizeof file + sizeof passed];
    memcpy(bytes, file, sizeof file - 1);
    memcpy(bytes + sizeof file - 1, passed, sizeof passed);
    ck_assert_msg(!load(bytes, sizeof file + sizeof passed - 2, &why), "%s", why.text);
}
END_TEST

Suite *assay_unit_spm(void)
{
    Suite *s = suite_create("spm");
    TCase *c = tcase_create("spm");
    tcase_add_test(c, test_file);
    suite_add_tcase(s, c);
    return s;
}
