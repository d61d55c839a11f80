#!/usr/bin/env python3
"""Holds a GGUF file to the model it was written from: the tokens that libllama reads in the prompts are those that it was
trained on, and its logits are the model's own.

  check.py --work DIR --examples N --ask > examples.jsonl     N examples of the held-back set, each with an answer
  build/release/bench/house-logits FILE < examples.jsonl > said.jsonl
  check.py --work DIR --examples N --said said.jsonl --within X

With --within X no logit may differ by more than X, and the likeliest token has to be the same wherever the model's own
leads by more than that.
"""

import argparse
import itertools
import json
import sys

import torch

import prompts
import tokenizer as bpe
import train


def asked(work, count):
    for example in itertools.islice(prompts.read(f"{work}/corpus/valid-*.jsonl"), count):
        # Without its end: what is compared is the model's last choice.
        yield {**example, "answer": train.answer(example["ids"][-1], "high").removesuffix('high"}')}


def compare(arguments):
    tokenizer = bpe.Tokenizer.load(f"{arguments.work}/tokenizer.json")
    model = train.load(arguments.work)
    most, other = 0.0, 0
    with open(arguments.said, encoding="utf-8") as file:
        said = [json.loads(line) for line in file]
    examples = list(asked(arguments.work, arguments.examples))
    if len(said) != len(examples):
        sys.exit(f"{len(said)} answers to {len(examples)} examples")
    for example, one in zip(examples, said):
        tokens = train.encode(tokenizer, prompts.parsed(example)).tokens + tokenizer.encode(example["answer"])
        if tokens != one["tokens"]:
            sys.exit(f"{example['id']}: libllama reads other tokens")
        with torch.no_grad():
            outputs = model(torch.tensor([tokens]), torch.float32)
            own = model.logits(outputs[0, -1])
        theirs = torch.tensor(one["logits"])
        most = max(most, (own - theirs).abs().max().item())
        best = own.topk(2)
        other += own.argmax() != theirs.argmax() and (best.values[0] - best.values[1]) > arguments.within
    print(f"{len(said)} prompts: the same tokens; logits differ by at most {most:.4f}; {other} other choices")
    if most > arguments.within or other:
        sys.exit("that is too much")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--said")
    parser.add_argument("--within", type=float, default=0.05)
    arguments = parser.parse_args()
    if arguments.ask:
        for example in asked(arguments.work, arguments.examples):
            print(json.dumps(example))
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
