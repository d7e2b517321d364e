"""What the commands end with besides 0."""

MISTAKE = 2
"""A mistake of the user, or of the machine; one message says which. What was written before still holds."""
HOLES = 3
"""Cells are missing: they have failed, or were not tried."""
DIFFERS = 3
"""A cell that was trained again gave another figure."""
INTERRUPTED = 130
"""Ctrl-C or SIGTERM, as a shell has it."""
