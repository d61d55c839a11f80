#!/usr/bin/env python3
"""Trains the house model on what `house-corpus` wrote, in pieces that join: the same command goes on where the last
one ended. Order, noise and chances come from the seed and the step alone.

  train.py --work DIR [--steps N] [--minutes M]   DIR/corpus/train-*.jsonl and valid-*.jsonl; DIR gets tokenizer.json,
                                                  checkpoint.pt and log.jsonl
  train.py --work DIR [--steps N] --finished      whether the checkpoint is the last one, as exit status
  train.py --work DIR --settle                    the last step's checkpoint to settled.pt: see HEAD_START
  train.py --work DIR --export FILE [--type f16]  settled.pt as a GGUF file
"""

import argparse
import dataclasses
import json
import math
import os
import random
import sys
import time

import torch
from torch.nn import functional

import gguf
import prompts
import tokenizer as bpe
from llama import Llama, Shape

CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + "
    "'\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TOKENIZER_TEXTS = 6000  # prompts whose pieces the tokenizer counts
BATCH = 32
LEARNING_RATE, LAST_RATE, WARM_UP = 2e-3, 1e-4, 60
# The first finding's head start: another is named only where it is likelier by more than that, as a logarithm. Half the
# disturbed prompts begin with a wrong finding; few real ones do. Looked at is that part of what is held back where the
# model wins least over the first finding. The largest is taken with which it wins there, give or take a standard error,
# as much as with any: what a choice in other words is worth is known less well than that.
HEAD_STARTS = [step / 4 for step in range(49)]
SETTLED_ON = 512  # prompts
ON_THE_WAY = 192  # prompts of each part that is held back
PROMPT_WEIGHT, PROMPT_PART = 0.2, 0.4  # of the loss on half the prompts' own tokens, in the first steps
WRONG = 0.5  # of the answers whose confidence is learnt, so many name a finding that is not right


def answer(finding, confidence):
    return f'{{"finding":"{finding}","confidence":"{confidence}"}}'


@dataclasses.dataclass
class Prompt:
    tokens: list
    findings: int  # how many there are to choose from
    right: list  # places of those that are right


class Answers:
    """Where an answer's two choices stand in its tokens, and what they are chosen from."""

    def __init__(self, tokenizer, most):
        self.all = [tokenizer.encode(answer(f"E{i + 1:03}", "high")) for i in range(most)]
        low = tokenizer.encode(answer("E001", "low"))
        # One token each, so that each choice is one step.
        (self.finding,) = {tuple(i for i, (a, b) in enumerate(zip(self.all[0], x)) if a != b) for x in self.all[1:]}
        (self.confidence,) = (tuple(i for i, (a, b) in enumerate(zip(self.all[0], low)) if a != b),)
        assert len(self.finding) == len(self.confidence) == 1 and len({*map(len, self.all), len(low)}) == 1
        self.finding, self.confidence = self.finding[0], self.confidence[0]
        self.findings = [tokens[self.finding] for tokens in self.all]
        self.levels = [low[self.confidence], self.all[0][self.confidence]]


def encode(tokenizer, example):
    tokens = [token for special, text in example.pieces() for token in tokenizer.encode(text, special == 1)]
    return Prompt(tokens, len(example.findings), example.right())


def batches(lengths, seed, epoch):
    """Places of prompts of about one length, in an order that seed and epoch decide."""
    chance = random.Random(f"{seed} {epoch}")
    order = list(range(len(lengths)))
    chance.shuffle(order)
    out = []
    for start in range(0, len(order), 16 * BATCH):
        near = sorted(order[start : start + 16 * BATCH], key=lambda at: lengths[at])
        out += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
    chance.shuffle(out)
    return out


def named_finding(prompt, chance):
    """The finding that the answer names from which confidence is learnt."""
    wrong = [i for i in range(prompt.findings) if i not in prompt.right]
    if prompt.right and (not wrong or chance.random() >= WRONG):
        return chance.choice(prompt.right)
    return wrong[0] if chance.random() < 0.5 else chance.choice(wrong)


def padded(rows, device):
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=device)


def choices(model, outputs, rows, places, tokens):
    """Logits of these tokens at one place of each row."""
    chosen = outputs[rows, torch.tensor(places, device=outputs.device)]
    return (chosen @ model.head()[tokens].to(chosen.dtype).T).float()


def finding_logits(model, outputs, asked, answers):
    rows = torch.arange(len(asked), device=outputs.device)
    places = [len(prompt.tokens) + answers.finding - 1 for prompt in asked]
    logits = choices(model, outputs, rows, places, answers.findings)
    count = torch.tensor([prompt.findings for prompt in asked], device=outputs.device)
    return logits.masked_fill(torch.arange(logits.shape[1], device=outputs.device) >= count[:, None], float("-inf"))


def confidence_logits(model, outputs, asked, answers):
    rows = torch.arange(len(asked), device=outputs.device)
    places = [len(prompt.tokens) + answers.confidence - 1 for prompt in asked]
    return choices(model, outputs, rows, places, answers.levels)


def losses(model, asked, answers, chance, with_prompt, device):
    named = [named_finding(prompt, chance) for prompt in asked]
    tokens = padded([prompt.tokens + answers.all[i] for prompt, i in zip(asked, named)], device)
    outputs = model(tokens)
    # The choice among the findings: any of the right ones will do.
    logits = finding_logits(model, outputs, asked, answers)
    right = torch.zeros_like(logits, dtype=torch.bool)
    for row, prompt in enumerate(asked):
        right[row, prompt.right] = True
    known = right.any(1)
    finding = (logits.logsumexp(1) - logits.masked_fill(~right, float("-inf")).logsumexp(1))[known].mean()
    # Whether the named one is right.
    levels = torch.tensor([int(i in prompt.right) for prompt, i in zip(asked, named)], device=device)
    confidence = functional.cross_entropy(confidence_logits(model, outputs, asked, answers), levels)
    # The prompt itself, from which it learns what the words are.
    lengths = torch.tensor([len(prompt.tokens) for prompt in asked], device=device)
    text = torch.zeros((), device=device)
    if with_prompt:
        half = slice(0, len(asked) // 2)
        inside = torch.arange(1, tokens.shape[1], device=device) < lengths[half, None]
        text = functional.cross_entropy(model.logits(outputs[half, :-1][inside]).float(), tokens[half, 1:][inside])
    return finding, confidence, text, int(lengths.sum())


@torch.no_grad()
def leads(model, asked, answers, device):
    """Of each prompt: by how much the likeliest other finding leads the first, and whether it and the first are right."""
    out = []
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        outputs = model(padded([prompt.tokens + answers.all[0] for prompt in some], device))
        for prompt, logits in zip(some, finding_logits(model, outputs, some, answers)):
            other = int(logits[1:].argmax()) + 1
            out.append((float(logits[other] - logits[0]), other in prompt.right, 0 in prompt.right))
    return out


def won(some, head_start):
    """The share of the prompts by which the model's choice is better than the first finding, and its standard error."""
    each = [(other - first) * (lead > head_start) for lead, other, first in some]
    mean = sum(each) / len(each)
    return mean, math.sqrt(sum((one - mean) ** 2 for one in each)) / len(each)


def chosen_head_start(parts):
    least = {by: min(won(part, by) for part in parts.values()) for by in HEAD_STARTS}
    most, error = max(least.values())
    return max((by for by, (mean, _) in least.items() if mean >= most - error and mean > 0), default=HEAD_STARTS[-1])


@torch.no_grad()
def validate(model, asked, answers, device):
    """Shares of the prompts: right with the model's choice, with the first finding, with the model's where it is sure
    and else the first, with the best there is; and how often it is right where it is sure, and where not."""
    model.eval()
    counts = dict.fromkeys(("model", "first", "sure_model", "best"), 0)
    sure = {True: [0, 0], False: [0, 0]}
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        outputs = model(padded([prompt.tokens + answers.all[0] for prompt in some], device))
        chosen = finding_logits(model, outputs, some, answers).argmax(1).tolist()
        outputs = model(padded([prompt.tokens + answers.all[i] for prompt, i in zip(some, chosen)], device))
        levels = confidence_logits(model, outputs, some, answers).argmax(1).tolist()
        for prompt, i, level in zip(some, chosen, levels):
            counts["model"] += i in prompt.right
            counts["first"] += 0 in prompt.right
            counts["best"] += bool(prompt.right)
            counts["sure_model"] += (i if level else 0) in prompt.right
            sure[bool(level)][0] += i in prompt.right
            sure[bool(level)][1] += 1
    model.train()
    shares = {name: round(count / len(asked), 4) for name, count in counts.items()}
    return {**shares, "where_sure": sure[True], "where_unsure": sure[False]}


@torch.no_grad()
def settle(model, asked, head_start, answers, device):
    """Writes the head start into the weights: the output's row of the first finding's token gets what comes nearest to
    it in the place where a finding is chosen."""
    outputs = []
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        places = torch.tensor([len(prompt.tokens) + answers.finding - 1 for prompt in some], device=device)
        rows = torch.arange(len(some), device=device)
        outputs.append(model(padded([prompt.tokens + answers.all[0] for prompt in some], device))[rows, places].double())
    outputs = torch.cat(outputs)
    ridge = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=device)
    more = torch.linalg.solve(outputs.T @ outputs + ridge, outputs.sum(0) * head_start)
    model.untie()
    model.output.weight[answers.findings[0]] += more.float()
    got = outputs @ more
    print(f"head start {got.mean():.2f}, between {got.min():.2f} and {got.max():.2f}")


def rate(step, steps):
    if step < WARM_UP:
        return LEARNING_RATE * (step + 1) / WARM_UP
    done = (step - WARM_UP) / max(1, steps - WARM_UP)
    return LAST_RATE + (LEARNING_RATE - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(1, done)))


def save(path, state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


def prepare(work):
    """The tokenizer, made once of the first prompts; what is learnt from; and what is held back: incidents of the kinds
    that are, and those of the others, as they are and as faults that no detector knows; and all of them in other words."""
    train_lines, valid_lines = (list(prompts.read(f"{work}/corpus/{name}-*.jsonl")) for name in ("train", "valid"))
    examples, held_back = ([prompts.parsed(line) for line in lines] for lines in (train_lines, valid_lines))
    path = f"{work}/tokenizer.json"
    if not os.path.exists(path):
        texts = []
        for example in examples[:TOKENIZER_TEXTS]:
            texts += [text for special, text in example.pieces() if not special]
            texts += [answer(finding, level) for finding in example.ids() for level in ("low", "high")]
        bpe.train(texts, Shape.vocabulary).save(path)
    tokenizer = bpe.Tokenizer.load(path)
    others = [example for example in examples + held_back if example.kind in prompts.HELD_OUT]
    examples = [example for example in examples if example.kind not in prompts.HELD_OUT]
    other_words = prompts.OtherWords(examples)
    chance = random.Random("held back")
    held_back = {
        "known": [example for example in held_back if example.kind not in prompts.HELD_OUT],
        "other": others,
        "unknown": [prompts.disturbed(example, chance, 1, 0) for example in others],
    }
    for name, some in list(held_back.items()):
        held_back[f"{name}, other words"] = [other_words(example, chance, 1) for example in some]
    return (
        tokenizer,
        examples,
        other_words,
        {name: [encode(tokenizer, example) for example in some] for name, some in held_back.items()},
    )


def shown(example, other_words, chance):
    """As it is learnt from this time."""
    example = prompts.disturbed(example, chance)
    return other_words(example, chance) if chance.random() < prompts.OTHER_WORDS else example


def train(arguments, device):
    tokenizer, examples, other_words, held_back = prepare(arguments.work)
    shape = Shape(vocabulary=len(tokenizer.tokens))
    lengths = [len(encode(tokenizer, example).tokens) for example in examples]
    longest = max(lengths)
    print(f"{len(examples)} examples, {sum(lengths) / len(lengths):.0f} tokens, at most {longest}; held back: "
          + ", ".join(f"{len(some)} {name}" for name, some in held_back.items()))
    assert longest + 64 < shape.context, "the prompts do not fit"
    answers = Answers(tokenizer, max(len(example.findings) for example in examples))
    torch.manual_seed(arguments.seed)
    model = Llama(shape).to(device).train()
    wide = [weight for weight in model.parameters() if weight.dim() > 1]
    flat = [weight for weight in model.parameters() if weight.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": wide, "weight_decay": 0.1}, {"params": flat, "weight_decay": 0.0}], betas=(0.9, 0.95)
    )
    path = f"{arguments.work}/checkpoint.pt"
    step, seconds, seen = 0, 0.0, 0
    if os.path.exists(path):
        state = torch.load(path, map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds, seen = state["step"], state["seconds"], state["tokens"]
    print(f"{sum(weight.numel() for weight in model.parameters()):,} weights, at step {step} of {arguments.steps}", flush=True)
    began, kept = time.time(), time.time()
    epoch_length = len(batches(lengths, arguments.seed, 0))
    order, epoch = [], -1
    while step < arguments.steps and time.time() - began < 60 * arguments.minutes:
        if step // epoch_length != epoch:
            epoch = step // epoch_length
            order = batches(lengths, arguments.seed, epoch)
        torch.manual_seed(arguments.seed * 1_000_003 + step)
        chance = random.Random(f"{arguments.seed} {step} shown")
        start = time.time()
        some = [encode(tokenizer, shown(examples[at], other_words, chance)) for at in order[step % epoch_length]]
        with_prompt = step < PROMPT_PART * arguments.steps
        finding, confidence, text, tokens = losses(model, some, answers, chance, with_prompt, device)
        (finding + confidence + PROMPT_WEIGHT * text).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate(step, arguments.steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, seconds, seen = step + 1, seconds + time.time() - start, seen + tokens
        told = {"step": step, "finding": finding.item(), "confidence": confidence.item(), "text": text.item() if with_prompt else None}
        if step % arguments.validate_every == 0 or step == arguments.steps:
            told |= {"tokens": seen, "seconds": round(seconds)}
            told |= {name: validate(model, part[:ON_THE_WAY], answers, device) for name, part in held_back.items()}
            print(json.dumps(told), flush=True)
        with open(f"{arguments.work}/log.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps(told) + "\n")
        if time.time() - kept > 180 or step == arguments.steps:
            save(path, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
                        "seconds": seconds, "tokens": seen, "shape": dataclasses.asdict(shape)})
            kept = time.time()
    save(path, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
                "seconds": seconds, "tokens": seen, "shape": dataclasses.asdict(shape)})
    print(f"at step {step} of {arguments.steps}, {seen:,} tokens in {seconds:.0f} s")


def finish(arguments, device):
    """Settles the model of the last step, and tells how it does on what is held back."""
    tokenizer, examples, other_words, held_back = prepare(arguments.work)
    state = torch.load(f"{arguments.work}/checkpoint.pt", map_location=device)
    model = Llama(Shape(**state["shape"])).to(device).eval()
    model.load_state_dict(state["model"])
    answers = Answers(tokenizer, max(len(example.findings) for example in examples))
    chance = random.Random("settle")
    some = chance.sample(examples, SETTLED_ON)
    parts = {name: leads(model, part, answers, device) for name, part in held_back.items()}
    head_start = chosen_head_start(parts)
    print(f"head start {head_start}: "
          + ", ".join(f"{name} {won(part, head_start)[0]:+.4f}" for name, part in parts.items()))
    some = [encode(tokenizer, shown(example, other_words, chance)) for example in some]
    settle(model, some, head_start, answers, device)
    for name, some in held_back.items():
        print(json.dumps({name: validate(model, some, answers, device)}), flush=True)
    save(f"{arguments.work}/settled.pt", {"model": model.state_dict(), "shape": state["shape"]})


def load(work):
    state = torch.load(f"{work}/settled.pt", map_location="cpu")
    model = Llama(Shape(**state["shape"])).eval()
    model.untie()
    model.load_state_dict(state["model"])
    return model


def export(arguments):
    keys = {
        "general.name": "carrel-house",
        "general.license": "apache-2.0",
        "general.sampling.temp": 0.0,
        "carrel.prompt_version": next(prompts.read(f"{arguments.work}/corpus/train-*.jsonl"))["prompt_version"],
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }
    gguf.write(arguments.export, load(arguments.work), bpe.Tokenizer.load(f"{arguments.work}/tokenizer.json"), keys,
               arguments.type)
    print(f"{arguments.export}: {os.path.getsize(arguments.export):,} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--validate-every", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--finished", action="store_true")
    parser.add_argument("--settle", action="store_true")
    parser.add_argument("--export")
    parser.add_argument("--type", choices=("q8_0", "f16"), default="q8_0")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if arguments.finished:
        sys.exit(torch.load(f"{arguments.work}/checkpoint.pt", map_location="cpu")["step"] < arguments.steps)
    elif arguments.settle:
        finish(arguments, device)
    elif arguments.export:
        export(arguments)
    else:
        train(arguments, device)


if __name__ == "__main__":
    main()
