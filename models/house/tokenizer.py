"""Byte-level BPE with the pre-tokenizer that llama.cpp knows as "llama-bpe" (LLAMA_VOCAB_PRE_TYPE_LLAMA3).

tokenizer.json: {"tokens": [...], "merges": ["a b", ...], "special": [...]}, in the printable alphabet that GPT-2's
tokenizer writes bytes in, which is also what a GGUF file holds. models/house/check.py holds encode() to libllama's.
"""

import collections
import json
import re

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

# llama.cpp, src/llama-vocab.cpp, with \p{L} and \p{N} in the words of Python's re.
LETTER, NEITHER = r"[^\W\d_]", r"(?:[^\s\w]|_)"
PIECES = re.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    rf"|(?:[^\r\n\w]|_)?{LETTER}+"
    r"|\d{1,3}"
    rf"| ?{NEITHER}+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_alphabet():
    """The printable character that stands for each byte: GPT-2's bytes_to_unicode()."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in kept]
    return {**{byte: chr(byte) for byte in kept}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


ALPHABET = byte_alphabet()


def written(text):
    return "".join(ALPHABET[byte] for byte in text.encode())


class Tokenizer:
    def __init__(self, tokens, merges, special):
        self.tokens, self.merges, self.special = tokens, merges, special
        self.ids = {token: i for i, token in enumerate(tokens)}
        self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
        self.special_pattern = re.compile("(" + "|".join(re.escape(token) for token in special) + ")")
        self.known = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(**json.load(file))

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"tokens": self.tokens, "merges": self.merges, "special": self.special}, file)

    def encode(self, text, special=False):
        if special:
            out = []
            for part in self.special_pattern.split(text):
                out += [self.ids[part]] if part in self.special else self.encode(part)
            return out
        return [token for piece in PIECES.findall(text) for token in self.encode_piece(piece)]

    def encode_piece(self, piece):
        if piece not in self.known:
            word = written(piece)
            # A piece that is a token is that token, whatever the merges: "ignore_merges" of this pre-tokenizer.
            parts = [word] if word in self.ids else list(word)
            while len(parts) > 1:
                pairs = [(self.ranks.get(pair, len(self.ranks)), i) for i, pair in enumerate(zip(parts, parts[1:]))]
                rank, at = min(pairs)
                if rank == len(self.ranks):
                    break
                parts[at : at + 2] = [parts[at] + parts[at + 1]]
            self.known[piece] = [self.ids[part] for part in parts]
        return self.known[piece]


def train(texts, vocabulary):
    """Merges the most frequent pair, the first in the alphabet's order among equals, until the vocabulary is full."""
    counts = collections.Counter()
    for text in texts:
        counts.update(PIECES.findall(text))
    words = [(list(written(piece)), count) for piece, count in sorted(counts.items())]
    tokens = [ALPHABET[byte] for byte in sorted(ALPHABET, key=ALPHABET.get)]
    pairs, places = collections.Counter(), collections.defaultdict(set)
    for at, (parts, count) in enumerate(words):
        for pair in zip(parts, parts[1:]):
            pairs[pair] += count
            places[pair].add(at)
    merges, known = [], set(tokens)
    while len(tokens) + len(SPECIAL) < vocabulary and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            break
        merged = best[0] + best[1]
        merges.append(" ".join(best))
        if merged not in known:
            known.add(merged)
            tokens.append(merged)
        for at in places.pop(best):
            parts, count = words[at]
            for pair in zip(parts, parts[1:]):
                pairs[pair] -= count
                if pairs[pair] <= 0:
                    del pairs[pair]
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == best:
                    parts[i : i + 2] = [merged]
                i += 1
            for pair in zip(parts, parts[1:]):
                pairs[pair] += count
                places[pair].add(at)
        pairs.pop(best, None)
    return Tokenizer(tokens + SPECIAL, merges, SPECIAL)
