"""The prompts that `house-corpus` wrote, taken apart into their findings, and disturbed.

In the train split the detectors know every kind of fault: their first finding is nearly always right, and a model would
learn to say "the first". So most prompts are disturbed before they are learnt from. Findings are dropped, their weights
are dealt anew, and, what a kind of fault that no detector knows looks like, what a detector concluded becomes a log line
that nobody understood. Where the cause then stands, only the texts can tell.

And what is learnt has to hold in other words: another product has other names, and another program says the same in its
own way. So words and numbers get others in their place, the same one wherever they stand in a prompt: who is named
where remains, what the words mean does not.
"""

import collections
import dataclasses
import glob
import json
import re

ENTRY = re.compile(r"\[(E\d+)\] (\S+) \((\d+)\)\n  (.*)\n")  # docs/prompt.md
CONCLUDED = re.compile(r"((?:Pod|Node) \S+(?: \(\S+\))?) (?:[^:]|:(?! ))*: (.{12,})")
ALL_WELL = ("no-fault", "log-quiet")

# Kinds of the train split that training never sees: what is chosen for them tells how it is with kinds unknown.
HELD_OUT = {"broker-disk-full", "conntrack-full", "deadlock", "etcd-slow-disk", "heap-node", "scheduler-down",
            "token-invalid", "volume-read-only"}

WHOLE = 0.5  # of the prompts keep all their findings: a last place that is rare in training is taken for more than a place
DROPPED, DROPPED_RIGHT = 0.15, 0.03  # of the findings of the others
UNKNOWN, DEALT = 0.35, 0.15  # of the prompts
NOT_UNDERSTOOD = 0.25  # of the log findings that are wrong, in a prompt of a fault that no detector knows
OF_NOT_UNDERSTOOD = (15, 60)  # such a finding's weight
NOISE = 0.25  # of the others' weights, as a factor's logarithm

WORD = re.compile(r"[A-Za-z]{3,}|\d+")
OTHER_WORDS = 0.7  # of the prompts; any share of their words
COMMON = 0.2  # of the kinds of fault: a word in so many is the language's or the prompt's own
BLENDED = 0.5  # of the words put in others' place are none that the corpus has


@dataclasses.dataclass
class Finding:
    detector: str
    weight: int
    cause: str
    right: bool

    def all_well(self):
        return self.detector in ALL_WELL


@dataclasses.dataclass
class Example:
    kind: str
    before: list  # pieces [special, text]
    begin: str  # of the piece with the findings
    findings: list
    after: list

    def pieces(self):
        return [*self.before, [0, self.begin + written(self.findings)], *self.after]

    def right(self):
        return [i for i, finding in enumerate(self.findings) if finding.right]

    def text(self):
        return "".join(text for _, text in self.pieces())

    def ids(self):
        return [f"E{i + 1:03}" for i in range(len(self.findings))]


def written(findings):
    return "".join(
        f"[E{i + 1:03}] {finding.detector} ({finding.weight})\n  {finding.cause}\n" for i, finding in enumerate(findings)
    )


def parsed(line):
    pieces = line["pieces"]
    (at,) = (i for i, (_, text) in enumerate(pieces) if "\n[E001] " in text)
    text = pieces[at][1]
    found = list(ENTRY.finditer(text))
    findings = [Finding(one[2], int(one[3]), one[4], one[1] in line["right"]) for one in found]
    out = Example(line["kind"], pieces[:at], text[: found[0].start()], findings, pieces[at + 1 :])
    assert out.pieces() == pieces and out.ids() == line["ids"], f"{line['id']}: findings of another form"
    return out


def read(pattern):
    for path in sorted(glob.glob(pattern)):
        with open(path, encoding="utf-8") as file:
            yield from map(json.loads, file)


def not_understood(finding, chance):
    """The finding as it would be, were there no detector that knows such a line."""
    concluded = CONCLUDED.fullmatch(finding.cause)
    if not finding.detector.startswith("log-") or finding.all_well() or not concluded:
        return finding
    level = "a warning" if chance.random() < 0.2 else "an error"
    cause = f"{concluded[1]} logs {level}: {concluded[2]}"
    return Finding("log-error", chance.randint(*OF_NOT_UNDERSTOOD), cause, finding.right)


def of_an_unknown_fault(findings, chance):
    out = []
    for finding in findings:
        other = dataclasses.replace(finding)
        if finding.right or chance.random() < NOT_UNDERSTOOD:
            other = not_understood(finding, chance)
        if other.detector == finding.detector:
            # No detector's word counts for much where another kind of fault is behind it.
            least = 0.3 if finding.right else 0.6
            other.weight = max(1, round(finding.weight * chance.uniform(least, 1)))
        out.append(other)
    return out


def dealt(findings, chance):
    weights = [finding.weight for finding in findings]
    chance.shuffle(weights)
    return [
        dataclasses.replace(finding, weight=max(1, min(99, round(weight * chance.lognormvariate(0, NOISE)))))
        for finding, weight in zip(findings, weights)
    ]


def in_order(findings):
    """Those that say that all is well keep their places; the others go by their weight."""
    faults = iter(sorted((f for f in findings if not f.all_well()), key=lambda f: -f.weight))
    return [finding if finding.all_well() else next(faults) for finding in findings]


def disturbed(example, chance, unknown=UNKNOWN, dealt_anew=DEALT):
    findings = example.findings
    if chance.random() >= WHOLE:
        findings = [
            finding
            for finding in findings
            if chance.random() >= (DROPPED_RIGHT if finding.right else DROPPED)
        ] or findings
    draw = chance.random()
    faults = [finding for finding in findings if not finding.all_well()]
    if draw < unknown:
        changed = iter(of_an_unknown_fault(faults, chance))
    elif draw < unknown + dealt_anew:
        changed = iter(dealt(faults, chance))
    else:
        changed = iter(faults)
    findings = in_order([finding if finding.all_well() else next(changed) for finding in findings])
    return dataclasses.replace(example, findings=findings)


class OtherWords:
    """Writes a prompt in other words, and keeps those that most kinds of fault have in common."""

    def __init__(self, examples):
        kinds = collections.defaultdict(set)
        for example in examples:
            for word in WORD.findall(example.text()):
                kinds[word.lower()].add(example.kind)
        least = COMMON * len({example.kind for example in examples})
        self.common = {word for word, some in kinds.items() if len(some) >= least}
        self.others = sorted(word for word in set(kinds) - self.common if word.isalpha())

    def other(self, word, chance):
        if word.isdigit():
            return "".join(chance.choice("0123456789") for _ in word)
        other = chance.choice(self.others)
        if chance.random() < BLENDED:
            end = chance.choice(self.others)
            other = other[: (len(other) + 1) // 2] + end[len(end) // 2 :]
        return other

    def __call__(self, example, chance, share=None):
        """The same words of it get others, whatever their case; `share` of them, or any."""
        share = chance.random() if share is None else share
        others = {}

        def put(match):
            word = match[0].lower()
            if word not in others:
                changes = word not in self.common and chance.random() < share
                others[word] = self.other(word, chance) if changes else word
            other = others[word]
            return match[0] if other == word else cased_as(match[0], other)

        def written_anew(pieces):
            return [[special, text if special else WORD.sub(put, text)] for special, text in pieces]

        return dataclasses.replace(
            example,
            before=written_anew(example.before),
            begin=WORD.sub(put, example.begin),
            findings=[dataclasses.replace(f, cause=WORD.sub(put, f.cause)) for f in example.findings],
            after=written_anew(example.after),
        )


def cased_as(word, other):
    if len(word) > 1 and word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
