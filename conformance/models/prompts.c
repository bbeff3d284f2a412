/* SPDX-License-Identifier: MIT
 * Three prompts of 86 tokens and more (SmolLM2): prose, program text, and a chat with digits and other scripts. */
#include "models.h"

const char *const model_prompts[PROMPTS] = {
    "The lighthouse keeper had counted ships for thirty years. Every evening he wrote the names of those that passed "
    "into "
    "a book with a green cover, the hour beside them, and what the weather was like. On the last page he found, in his "
    "own "
    "hand, a ship that he did not remember. It had come from the north in a storm, and beside its name there was only "
    "one "
    "word: return. He put on his coat, took the lamp from its hook and went down to the water, where",
    "#include <stdio.h>\n\n/* Sum of the first n squares. */\nstatic long squares(int n)\n{\n    long sum = 0;\n    "
    "for (int "
    "i = 1; i <= n; i++)\n        sum += (long)i * i;\n    return sum;\n}\n\nint main(void)\n{\n    for (int n = 0; n "
    "< 10; "
    "n++)\n        printf(\"%d: %ld\\n\", n, squares(n));\n    return 0;\n}\n",
    "<|im_start|>user\nWhat is 17 * 24, and which of these words are French: maison, Haus, \xE5\xAE\xB6, "
    "\xD0\xB4\xD0\xBE\xD0\xBC? "
    "Answer briefly.<|im_end|>\n<|im_start|>assistant\n17 * 24 = 408. The French word is "
    "\"maison\".<|im_end|>\n<|im_start|>user\n"
    "Thank you \xF0\x9F\x99\x82 Now write 2026-11-22 as a sentence.<|im_end|>\n<|im_start|>assistant\n",
};
