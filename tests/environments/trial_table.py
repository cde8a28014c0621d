# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests beside this measured, as a table in Markdown: trial_table.py LOG..."""

import sys

# As trial.run() prints them.
COLUMNS = ("environment", "standing", "changes made", "events seen", "reported as flaps",
           "interval of dumps", "delay, median", "delay, worst", "CPU")

print("| " + " | ".join(COLUMNS) + " |")
print("|" + "---|" * len(COLUMNS))
for log in sys.argv[1:]:
    with open(log, encoding="utf-8") as file:
        for line in file:
            if line.startswith("# row: "):
                print("| " + line.removeprefix("# row: ").strip() + " |")
