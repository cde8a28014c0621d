# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures side by side: medians, spreads and ratios, and whether the target is met."""

import statistics


def interleave(plan, contenders):
    """Runs each contender in turn, again and again, so that whatever disturbs the machine
    disturbs all of them. The results by name, in the order of the rounds."""
    results = {name: [] for name in contenders}
    for _ in range(plan.repeat):
        for name, run in contenders.items():
            results[name].append(run())
    return results


def _digits(value):
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _spread(values):
    if not values:
        return ""
    text = _digits(statistics.median(values))
    if len(values) > 1:
        text += f" ({_digits(min(values))}–{_digits(max(values))})"
    return text


class Row:
    """One line of the table. Ratios are ours to theirs, of runs that stood side by side."""

    def __init__(self, what, unit, ours, peer="", theirs=(), at_most=None, at_least=None,
                 limit_at_most=None):
        self.what = what
        self.unit = unit
        self.ours = list(ours)
        self.peer = peer
        self.theirs = list(theirs)
        self.at_most = at_most
        self.at_least = at_least
        self.limit_at_most = limit_at_most

    def ratio(self):
        """The median of the ratios, None without a peer."""
        if not self.theirs:
            return None
        theirs = self.theirs * (len(self.ours) if len(self.theirs) == 1 else 1)
        return statistics.median(a / b for a, b in zip(self.ours, theirs))

    def target(self):
        """The target in words."""
        if self.limit_at_most is not None:
            return f"≤ {self.limit_at_most} {self.unit}".rstrip()
        if self.at_most is not None:
            return f"≤ {self.at_most:g} ×"
        return "" if self.at_least is None else f"≥ {self.at_least:g} ×"

    def met(self):
        """Whether the target is reached, None if there is none."""
        if self.limit_at_most is not None:
            return statistics.median(self.ours) <= self.limit_at_most
        if self.at_most is not None:
            return self.ratio() <= self.at_most
        return None if self.at_least is None else self.ratio() >= self.at_least

    def cells(self):
        """The line as texts."""
        ratio = self.ratio()
        return [self.what, self.unit, _spread(self.ours), self.peer, _spread(self.theirs),
                "" if ratio is None else f"{ratio:.2f}", self.target(),
                {None: "", True: "met", False: "MISSED"}[self.met()]]


HEAD = ["what", "unit", "ours", "beside", "theirs", "ratio", "target", ""]


def lines(rows):
    """The table, as aligned Markdown."""
    cells = [HEAD] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    cells.insert(1, ["-" * width for width in widths])
    return ["| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |"
            for line in cells]
