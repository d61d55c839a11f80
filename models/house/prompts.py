"""The prompts that `house-corpus` wrote, taken apart into their findings, and disturbed.

In the train split the detectors know every kind of fault: their first finding is nearly always right, and a model would
learn to say "the first". So most prompts are disturbed before they are learnt from. Findings are dropped, their weights
are dealt anew, and, what a kind of fault that no detector knows looks like, what a detector concluded becomes a log line
that nobody understood. Where the cause then stands, only the texts can tell.
"""

import dataclasses
import json
import glob
import re

ENTRY = re.compile(r"\[(E\d+)\] (\S+) \((\d+)\)\n  (.*)\n")  # docs/prompt.md
CONCLUDED = re.compile(r"((?:Pod|Node) \S+(?: \(\S+\))?) (?:[^:]|:(?! ))*: (.{12,})")
ALL_WELL = ("no-fault", "log-quiet")

# Kinds of the train split that training never sees: what is chosen for them tells how it is with kinds unknown.
HELD_OUT = {"broker-disk-full", "conntrack-full", "deadlock", "etcd-slow-disk", "heap-node", "scheduler-down",
            "token-invalid", "volume-read-only"}

DROPPED, DROPPED_RIGHT = 0.15, 0.03  # of the findings
UNKNOWN, DEALT = 0.45, 0.15  # of the prompts
NOT_UNDERSTOOD = 0.25  # of the log findings that are wrong, in a prompt of a fault that no detector knows
OF_NOT_UNDERSTOOD = (15, 60)  # such a finding's weight
NOISE = 0.25  # of the others' weights, as a factor's logarithm


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
    findings = [
        finding
        for finding in example.findings
        if chance.random() >= (DROPPED_RIGHT if finding.right else DROPPED)
    ] or example.findings
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
