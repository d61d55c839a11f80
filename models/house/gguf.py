"""Writes a Llama as a GGUF file (version 3; ggml's docs/gguf.md): matrices as Q8_0 or F16, vectors as F32."""

import struct

import torch

U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5
TENSOR_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}
FILE_TYPES = {"f16": 1, "q8_0": 7}
ALIGNMENT = 32


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(item):
    """Bytes of a key's value with its type; lists are of texts or of whole numbers."""
    if isinstance(item, bool):
        return struct.pack("<IB", BOOL, item)
    if isinstance(item, int):
        return struct.pack("<II", U32, item)
    if isinstance(item, float):
        return struct.pack("<If", F32, item)
    if isinstance(item, str):
        return struct.pack("<I", STRING) + string(item)
    texts = isinstance(item[0], str)
    head = struct.pack("<IIQ", ARRAY, STRING if texts else I32, len(item))
    return head + b"".join(string(one) if texts else struct.pack("<i", one) for one in item)


def q8_0(matrix):
    """Blocks of 32: a 16-bit scale and 32 signed bytes (ggml's quantize_row_q8_0_ref)."""
    blocks = matrix.reshape(-1, 32)
    scale = blocks.abs().amax(1, keepdim=True) / 127
    inverse = torch.where(scale > 0, 1 / scale, torch.zeros_like(scale))
    rounded = torch.sign(blocks) * (blocks * inverse).abs().add(0.5).floor()
    return torch.cat((scale.half().view(torch.uint8), rounded.to(torch.int8).view(torch.uint8)), 1)


def neighbours(matrix, heads):
    """Rows in halves of a head to rows in pairs: how llama.cpp turns positions (see llama.py, turned)."""
    return matrix.reshape(heads, 2, -1, matrix.shape[1]).transpose(1, 2).reshape(matrix.shape)


def stored(tensor, kind):
    """The tensor's type and bytes."""
    tensor = tensor.detach().float().cpu().contiguous()
    if tensor.dim() == 1:
        return "f32", bytes(tensor.view(torch.uint8).tolist())
    data = q8_0(tensor) if kind == "q8_0" else tensor.half().view(torch.uint8)
    return kind, data.contiguous().flatten().numpy().tobytes()


def write(path, model, tokenizer, keys, kind):
    """`keys`: what is said of the model besides its shape and its tokenizer."""
    shape = model.shape
    special = {token: tokenizer.ids[token] for token in tokenizer.special}
    keys = {
        "general.architecture": "llama",
        "general.file_type": FILE_TYPES[kind],
        "general.quantization_version": 2,
        **keys,
        "llama.context_length": shape.context,
        "llama.embedding_length": shape.width,
        "llama.block_count": shape.layers,
        "llama.feed_forward_length": shape.feed_forward,
        "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.heads,
        "llama.attention.layer_norm_rms_epsilon": shape.epsilon,
        "llama.rope.dimension_count": shape.width // shape.heads,
        "llama.rope.freq_base": shape.rope_base,
        "llama.vocab_size": shape.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokenizer.tokens,
        "tokenizer.ggml.token_type": [3 if token in special else 1 for token in tokenizer.tokens],  # control, normal
        "tokenizer.ggml.merges": tokenizer.merges,
        "tokenizer.ggml.bos_token_id": special["<|endoftext|>"],
        "tokenizer.ggml.eos_token_id": special["<|im_end|>"],
        "tokenizer.ggml.padding_token_id": special["<|endoftext|>"],
        "tokenizer.ggml.add_bos_token": False,
    }
    head = struct.pack("<IIQQ", 0x46554747, 3, len(list(model.parameters())), len(keys))
    head += b"".join(string(key) + value(item) for key, item in keys.items())
    body = b""
    for name, tensor in model.named_parameters():
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            tensor = neighbours(tensor, shape.heads)
        tensor_type, data = stored(tensor, kind)
        sizes = list(reversed(tensor.shape))
        head += string(name) + struct.pack("<I", len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
        head += struct.pack("<IQ", TENSOR_TYPES[tensor_type], len(body))
        body += data + bytes(-len(data) % ALIGNMENT)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % ALIGNMENT) + body)
