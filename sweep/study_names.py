"""How the studies of a run are called: the grid by its target, the others by what they are for."""


def prefix_of(run: str | None) -> str:
    """What stands before the names of a run's studies where several runs share a storage; nothing where one owns it."""
    return f"{run}/" if run else ""


def grid_study(target: str) -> str:
    """The 78 cells that Tables II to IV print and that selection ranks."""
    return target


def screening_study(target: str) -> str:
    """Every raw feature with the screening's Way; settles the roles of a space."""
    return f"{target}/screening"


def baseline_study(target: str) -> str:
    """The official baseline's network (Table VI)."""
    return f"{target}/baseline"


def multitask_study(target: str) -> str:
    """The two best cells of the grid, trained jointly (Table V)."""
    return f"{target}/multitask"
