"""A Llama: RMS norms, rotary positions, SwiGLU, tied embeddings.

Weights are kept in 32 bits and multiplied in bf16, on CUDA and on a CPU with AVX-512 alike; a CPU without it has no such
products, and multiplies in 32 bits. Attention is written as matrix products: PyTorch's own flash attention takes most of a
step on a CPU, in a backward pass of 32 bits.
"""

import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional


def compute_type(device):
    """What is multiplied in: without oneDNN's products in bf16 PyTorch's own are slower than those in 32 bits."""
    multiplies_bf16 = device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if multiplies_bf16 else torch.float32


@dataclasses.dataclass
class Shape:
    vocabulary: int = 3072
    width: int = 192
    layers: int = 4
    heads: int = 3
    feed_forward: int = 512
    context: int = 1536
    rope_base: float = 10000.0
    epsilon: float = 1e-5


class Linear(nn.Module):
    def __init__(self, into, out, spread):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, into) * spread)

    def forward(self, x):
        return functional.linear(x, self.weight.to(x.dtype))


class Norm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = torch.rsqrt(size.square() / x.shape[-1] + self.epsilon)
        return x * scale.to(x.dtype) * self.weight.to(x.dtype)


def turned(x, cosine, sine):
    """x: batch, heads, tokens, head width. A value of the first half and its like in the second are turned by their
    position's angle. In llama.cpp they are neighbours: gguf.py puts the rows of attn_q and attn_k in that order."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), -1)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, spread = shape.width, 0.02
        deep = spread / math.sqrt(2 * shape.layers)
        self.heads = shape.heads
        self.attn_norm = Norm(width, shape.epsilon)
        self.attn_q = Linear(width, width, spread)
        self.attn_k = Linear(width, width, spread)
        self.attn_v = Linear(width, width, spread)
        self.attn_output = Linear(width, width, deep)
        self.ffn_norm = Norm(width, shape.epsilon)
        self.ffn_gate = Linear(width, shape.feed_forward, spread)
        self.ffn_up = Linear(width, shape.feed_forward, spread)
        self.ffn_down = Linear(shape.feed_forward, width, deep)

    def forward(self, x, cosine, sine, mask):
        batch, tokens, width = x.shape
        y = self.attn_norm(x)
        q, k, v = (
            part(y).view(batch, tokens, self.heads, -1).transpose(1, 2)
            for part in (self.attn_q, self.attn_k, self.attn_v)
        )
        q, k = turned(q, cosine, sine), turned(k, cosine, sine)
        scores = (q * (q.shape[-1] ** -0.5)) @ k.transpose(-2, -1) + mask
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.attn_output(y)
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))


class Llama(nn.Module):
    """Tensors are named as in a GGUF file: blk.0.attn_q.weight, token_embd.weight, output_norm.weight."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = Linear(shape.width, shape.vocabulary, 0.02)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width, shape.epsilon)
        self.output = None

    def forward(self, tokens, compute=None):
        """The last layer's outputs, normed: batch, tokens, width."""
        compute = compute or compute_type(tokens.device)
        length = tokens.shape[1]
        head = self.shape.width // self.shape.heads
        steps = torch.arange(0, head, 2, device=tokens.device, dtype=torch.float32) / head
        angles = torch.arange(length, device=tokens.device, dtype=torch.float32)[:, None] * self.shape.rope_base**-steps
        cosine, sine = angles.cos().to(compute), angles.sin().to(compute)
        mask = torch.full((length, length), float("-inf"), device=tokens.device, dtype=compute).triu(1)
        x = self.token_embd.weight.to(compute)[tokens]
        for block in self.blk:
            x = block(x, cosine, sine, mask)
        return self.output_norm(x)

    def untie(self):
        """From here on the output has weights of its own, which begin as the embeddings."""
        self.output = Linear(self.shape.width, self.shape.vocabulary, 0)
        self.output.weight.data.copy_(self.token_embd.weight.data)

    def head(self):
        return self.token_embd.weight if self.output is None else self.output.weight

    def logits(self, outputs):
        return functional.linear(outputs, self.head().to(outputs.dtype))
