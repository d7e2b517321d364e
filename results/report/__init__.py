"""One self-contained HTML page of a run, and its figures: from plain values, never from disk.

`page` puts the page together, `figures` holds one file a kind of figure, `material` what both are made from. Needs the
libraries of the extra `report`; nothing else in `results` imports this package.
"""
