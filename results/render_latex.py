"""LaTeX: the paper's look, a `table` of booktabs tabulars; a wide one spans both columns and shrinks to fit.

Words take the paper's form here, and only here: "way1" is printed as Way1, "bert~" as BERT with an overline.
Written out rather than through pandas' Styler, which draws the rules between row groups as \\cline, one too many.
"""

from results._cells import DASH, MINUS, parts
from results.footnotes import Footnote
from results.table import Block, FeatureSet, Table, Text, Value
from search_spaces.features import parse_feature_set, title

_WIDE = 7
"""From this many columns on, a table takes the whole text width."""
_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': "''",
        "±": r"$\pm$",
        MINUS: "$-$",
        DASH: "---",
        "–": "--",
        "…": r"\ldots{}",
        "δ": r"$\delta$",
        "†": r"$\dagger$",
    }
)


def render(table: Table) -> str:
    """The table as LaTeX source, to be read with \\input."""
    footnotes = table.footnotes()
    wide = max(len(block.columns) for block in table.blocks) >= _WIDE
    name = "table*" if wide else "table"
    lines = [
        f"% Needs \\usepackage{{booktabs,adjustbox}}. Table {table.number} of the paper, measured.",
        f"\\begin{{{name}}}[t]",
        "\\centering",
        f"\\caption{{{escape(table.full_caption)}}}",
        f"\\label{{tab:sweep-{table.number.lower()}}}",
    ]
    for block in table.blocks:
        lines += [f"\\par\\medskip {escape(block.title)}\\par\\smallskip"] if block.title else []
        lines += ["\\begin{adjustbox}{max width=\\linewidth}", *_block(block, footnotes), "\\end{adjustbox}"]
    numbered = (f"\\textsuperscript{{{number}}}\\,{escape(str(note))}" for note, number in footnotes.items())
    notes = [*map(escape, table.notes), *numbered]
    lines += ["\\par\\smallskip\\raggedright\\footnotesize", "\\par\n".join(notes)] if notes else []
    return "\n".join([*lines, f"\\end{{{name}}}"]) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return " ".join(text.split()).translate(_ESCAPES)


def feature_set(name: str) -> str:
    """ "vggish+bert~" -> VGGish+BERT with the paper's overline; \\mbox keeps hyphens and spaces of text mode."""
    terms = ((escape(title(term.feature)), term.reduced) for term in parse_feature_set(name))
    return "+".join(f"$\\overline{{\\mbox{{{word}}}}}$" if reduced else word for word, reduced in terms)


def _block(block: Block, footnotes: dict[Footnote, int]) -> list[str]:
    offset = int(block.is_grouped)
    stacked = len(block.columns) >= _WIDE
    alignments = "l" * offset + "".join("r" if block.is_numeric(i) else "l" for i in range(len(block.columns)))
    lines = [f"\\begin{{tabular}}{{{alignments}}}", "\\toprule", *_head(block, offset)]
    for group, rows in block.row_groups():
        lines.append("\\midrule")
        for number, row in enumerate(rows):
            heading = [escape(group) if number == 0 else ""] * offset
            lines.append(_line([*heading, *(_cell(value, footnotes, stacked) for value in row.values)]))
    return [*lines, "\\bottomrule", "\\end{tabular}"]


def _head(block: Block, offset: int) -> list[str]:
    upper, rules, first = [""] * offset, [], offset + 1
    for group, span in block.head_groups():
        last = first + span - 1
        upper.append(f"\\multicolumn{{{span}}}{{c}}{{{escape(_upper(group))}}}" if group else " & " * (span - 1))
        rules += [f"\\cmidrule(lr){{{first}-{last}}}"] if group else []
        first = last + 1
    titles = _line([""] * offset + [escape(_upper(column.title)) for column in block.columns])
    return [_line(upper), "".join(rules), titles] if rules else [titles]


def _line(cells: list[str]) -> str:
    line = " & ".join(cells)
    guard = "{}" if line.startswith(("[", "*")) else ""  # else they are an option of the rule or the line end before
    return f"{guard}{line} \\\\"


def _cell(value: Value, footnotes: dict[Footnote, int], stacked: bool) -> str:
    """One cell; `stacked` puts what goes with a figure below it, so that a wide table stays readable."""
    if isinstance(value, FeatureSet):
        return feature_set(value.name)
    piece = parts(value, footnotes)
    text = escape(_upper(piece.main) if isinstance(value, Text) and not value.is_name else piece.main)
    match piece.place:
        case 1:
            text = f"\\textbf{{{text}}}"
        case 2:
            text = f"\\underline{{{text}}}"
    note = f"\\textsuperscript{{{escape(piece.note)}}}" if piece.note else ""
    asides = [escape(aside) for aside in (piece.spread + piece.best, piece.paper) if aside.strip()]
    if not asides:
        return text + note
    if stacked:
        below = "".join(f"\\\\[-3pt]{{\\tiny {aside}}}" for aside in asides)
        return f"\\begin{{tabular}}[t]{{@{{}}r@{{}}}}{text}{note}{below}\\end{{tabular}}"
    return f"{text}{note}{{\\scriptsize\\,{' '.join(asides)}}}"


def _upper(word: str) -> str:
    return word[:1].upper() + word[1:]
