# SPDX-License-Identifier: MIT
"""GLM-4-0414: GLM whose attention and FFN pass a norm of their own before they are added.

Keys read: GLM's."""
import glm

AFTER = ("post_self_attn_layernorm", "post_mlp_layernorm")


def shapes(c):
    return glm.shapes(c, glm.NORMS + AFTER)


def logits(c, W, ids):
    return glm.logits(c, W, ids, *AFTER)


def small(seed):
    return dict(glm.small(seed), architectures=["Glm4ForCausalLM"], model_type="glm4", rms_norm_eps=1e-5)
