#!/usr/bin/env python3
"""Draws log.jsonl of a training as loss.svg: the losses, each the mean of its last 20 steps, and how often the held-back
cases were right, beside the detectors' first finding."""

import argparse
import json

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 300, 44, 34
SMOOTH = 20


def path(points, colour, most_x, most_y, dashed=False):
    def place(x, y):
        return f"{LEFT + x / most_x * (WIDTH - 2 * LEFT):.1f},{(1 - min(y, most_y) / most_y) * (HEIGHT - 2 * BOTTOM) + BOTTOM:.1f}"

    style = ' stroke-dasharray="4 4"' if dashed else ""
    joined = " ".join(place(x, y) for x, y in points)
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5"{style} points="{joined}"/>'


def text(x, y, words, colour="#333", anchor="start"):
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{words}</text>'


def smoothed(steps, name):
    known = [(step["step"], step[name]) for step in steps if step.get(name) is not None]
    out = []
    for i in range(len(known)):
        window = known[max(0, i - SMOOTH + 1) : i + 1]
        out.append((known[i][0], sum(value for _, value in window) / len(window)))
    return out


def draw(steps):
    most = steps[-1]["step"]
    checked = [step for step in steps if "known" in step]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<path d="M{LEFT} {BOTTOM}V{HEIGHT - BOTTOM}H{WIDTH - LEFT}V{BOTTOM}" fill="none" stroke="#999"/>',
        path(smoothed(steps, "finding"), "#b3261e", most, 1),
        path(smoothed(steps, "confidence"), "#8a6d00", most, 1),
        *(
            path([(step["step"], step[part][who]) for step in checked], colour, most, 1, dashed=who == "first")
            for part, colour in (("known", "#0b57d0"), ("unknown", "#146c2e"))
            for who in ("model", "first")
        ),
        text(LEFT, 16, "loss: which finding", "#b3261e"),
        text(LEFT + 140, 16, "loss: is it right", "#8a6d00"),
        text(LEFT + 250, 16, "right of what is held back: known", "#0b57d0"),
        text(LEFT + 430, 16, "and not understood", "#146c2e"),
        text(LEFT + 545, 16, "(dashed: the first)"),
    ]
    for share in (0, 0.5, 1):
        y = (1 - share) * (HEIGHT - 2 * BOTTOM) + BOTTOM + 4
        parts += [text(LEFT - 6, y, share, anchor="end"), text(WIDTH - LEFT + 6, y, f"{share:.0%}")]
    parts += [text(LEFT, HEIGHT - 14, "0"), text(WIDTH - LEFT, HEIGHT - 14, f"{most} steps", anchor="end"), "</svg>"]
    return "\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    work = parser.parse_args().work
    with open(f"{work}/log.jsonl", encoding="utf-8") as file:
        # A piece that was killed may have told of steps that the next one did again: the last word counts.
        steps = {step["step"]: step for step in map(json.loads, file)}
    with open(f"{work}/loss.svg", "w", encoding="utf-8") as file:
        file.write(draw([steps[step] for step in sorted(steps)]))


if __name__ == "__main__":
    main()
