"""Broken space files, as whole texts: what is wrong, the file, what must be said of it."""

from tests.broken import Broken, put

HEAD = 'title = "T"\nways = ["way2"]\nmultitask = false\n'
STAGE = '[[stage]]\nname = "u"\ntitle = "U"\ntables = ["II"]\nfeatures = ["vggish"]\n'
RIGHT = HEAD + STAGE


def _file(name: str, content: str | bytes, *says: str) -> Broken:
    return Broken(name, lambda path: put(path, content), says)


def _setting(name: str, setting: str, *says: str) -> Broken:
    return _file(name, f"{HEAD}settings.{setting}\n{STAGE}", *says)


def _feature(name: str, spelled: str, *says: str) -> Broken:
    return _file(name, RIGHT.replace("vggish", spelled), "own.toml: 1 mistake", "stage #1.features #1", *says)


SPACES = (
    _file(
        "empty", "", "own.toml: 3 mistakes in the space", "title: expected this key, found nothing", "stage: expected"
    ),
    _file("binary", bytes(range(128, 256)), "own.toml: expected text in UTF-8, found byte 0x80 at 0"),
    _file("NUL", 'title = "\0"', "own.toml: expected TOML, found a syntax error", "line 1, column 10"),
    _file("cut short", RIGHT[:-4], "own.toml: expected TOML, found a syntax error"),
    _file("JSON", '{"title": "T"}', "own.toml: expected TOML, found a syntax error", "line 1"),
    _file("key twice", 'title = "T"\n' + RIGHT, "own.toml: expected TOML", "Cannot overwrite a value", "line 2"),
    _file("nested deep", "a = " + "[" * 20_000, "own.toml: expected a table or two in one another, found a great many"),
    _file("keys nested deep", f"[{'.'.join('a' * 3000)}]\nx = 1", "own.toml: expected a table or two in one another"),
    _file("number of 6000 digits", "title = " + "9" * 6000, "own.toml: expected numbers of a few digits"),
    _file("number of 6000 hex digits", "title = 0x" + "f" * 6000, "own.toml: expected numbers of a few digits"),
    _file("unknown key", "colour = 1\n" + RIGHT, "colour: unknown key. Known: baseline, description, extends,"),
    _file("title of markup lines", RIGHT.replace('"T"', '"a\\nb"'), "title: Expected words in one line, found 'a\\nb'"),
    _file("title with escape", RIGHT.replace('"U"', '"\\u001b[2J"'), "stage #1.title: Expected words in one line"),
    _file("title blank", RIGHT.replace('"T"', '" "'), "title: Expected words in one line, found ' '"),
    _file("unknown Way", RIGHT.replace("way2", "way9"), "ways #1: Way 'way9' is unknown. Known: way1, way2,"),
    _file("Way ../x", RIGHT.replace("way2", "../x"), "ways #1: Way '../x' is unknown. Known: way1"),
    _file("Way of 300 characters", RIGHT.replace("way2", "x" * 300), "ways #1: Way 'xxx", "is unknown. Known: way1"),
    _file("ways as a word", RIGHT.replace('["way2"]', '"way2"'), 'ways: expected a valid array, found "way2"'),
    _file("no stage", HEAD, "stage: expected this key, found nothing"),
    _file("stage as a number", HEAD + "stage = 3\n", "stage: expected a valid array, found 3"),
    _file("stage twice", RIGHT + STAGE, "Stage 'u' stands twice; each must stand once"),
    _file("table V", RIGHT.replace('"II"', '"V"'), "stage #1.tables #1: expected 'II', 'III' or 'IV', found \"V\""),
    _feature("feature ../x", "../x", "Feature '../x' is misspelled: expected lower-case letters"),
    _feature("feature a,b", "a,b", "Feature 'a,b' is misspelled"),
    _feature("feature with newline", "a\\nb", "Feature 'a\\nb' is misspelled"),
    _feature("feature of 300 characters", "x" * 300, "is misspelled: expected lower-case letters"),
    _feature("feature größe", "größe", "Feature 'größe' is misspelled"),
    _feature("feature of HTML", "<script>", "Feature '<script>' is misspelled"),
    _feature("feature of markup", "[/b]", "Feature '[/b]' is misspelled"),
    _feature("feature =1+1", "=1+1", "Feature '=1' is misspelled"),
    _feature("feature twice", "fau+fau", "Feature set 'fau+fau' names 'fau' twice; each feature can be fused once"),
    _feature("two tildes", "vggish~~", "Feature 'vggish~~' is misspelled", "'bert~'"),
    _feature("plus at the end", "vggish+", "Feature '' is misspelled"),
    _feature("open bracket", "best(audio", "Feature 'best(audio' is misspelled"),
    _feature("unknown role", "worst(audio)", "Role 'worst(…)' is unknown. Known: best(…), better(…), next(…), rest"),
    _file("role without screening", RIGHT.replace("vggish", "rest~"), 'needs a [screening], such as way = "way2"'),
    _file(
        "feature not in the data",
        RIGHT.replace("vggish", "xception"),
        "the data set has no feature 'xception' (in 'xception'). It has: bert (text), fau (video), vggish (audio)",
    ),
    _setting("setting misspelled", "epoch = 3", "settings.epoch: unknown key. Known: attention_heads,"),
    _setting("epochs -1", "epochs = -1", "settings.epochs: expected greater than 0, found -1"),
    _setting("epochs 1.5", "epochs = 1.5", "settings.epochs: expected a valid integer", "found 1.5"),
    _setting("epochs as text", 'epochs = "5"', 'settings.epochs: expected a valid integer, found "5"'),
    _setting("epochs true", "epochs = true", "settings.epochs: expected a valid integer, found true"),
    _setting("epochs a date", "epochs = 1979-05-27", 'settings.epochs: expected a valid integer, found "1979-05-27"'),
    _setting("seeds 10**12", "seeds = 1000000000000", "settings.seeds: expected less than or equal to 1000000, found"),
    _setting("hidden 10**9", "hidden = 1000000000", "settings.hidden: expected less than or equal to 1000000, found"),
    _setting("layers 10**6", "layers = 1000000", "settings.layers: expected less than or equal to 256, found 1000000"),
    _setting("learning rate nan", "learning_rate = nan", "settings.learning_rate: expected a finite number, found NaN"),
    _setting("learning rate inf", "learning_rate = inf", "settings.learning_rate: expected a finite number"),
    _setting("learning rate 1e400", "learning_rate = 1e400", "settings.learning_rate: expected a finite number"),
    _setting("dropout -0.1", "dropout = -0.1", "settings.dropout: expected greater than or equal to 0, found -0.1"),
    _setting("hop beyond window", "hop = 300", "settings: hop must be at most window (200)", "Found 300"),
    _setting(
        "heads that do not fit", "attention_heads = 3", "way2: settings: `hidden` must be a multiple of the", "(3)"
    ),
    _setting("unknown loss", 'loss = "hinge"', "settings: loss 'hinge' is unknown. Known: balanced, cross_entropy"),
    _setting("unknown weighting", 'weighting = "../w"', "settings: weighting '../w' is unknown. Known: adaptive"),
    _setting("unknown feature to standardize", 'standardize = ["x"]', "settings.standardize: 'x' is not a feature"),
    _file("extends itself", 'extends = "own.toml"', "`extends` leads back to this file"),
    _file("extends nothing", 'extends = "papr"', "Space 'papr' is unknown. Known: demo, paper, protocol, smoke, or"),
    _file("extends a folder", 'extends = "folder.toml"', "Space file folder.toml is not a file. Known: demo"),
    _file("extends NUL", 'extends = "a\\u0000b.toml"', "Space file a\\x00b.toml does not exist. Known: demo"),
    _file("extends 300 characters", f'extends = "{"x" * 300}.toml"', "xxx.toml: File name too long. Give it a shorter"),
    _file("extends a number", "extends = 3", "extends: expected a space's name or path, found 3"),
)
"""Of the file own.toml, with a folder of the name folder.toml beside it."""

TAKEN = (
    _file("a byte order mark", b"\xef\xbb\xbf" + RIGHT.encode()),
    _file("Windows line ends", RIGHT.replace("\n", "\r\n")),
    _file(
        "titles that other programs would obey",
        RIGHT.replace('"T"', "'=1+1 <b> [/x] \\x'").replace('"U"', "'[/b] & ü'"),
    ),
    _file("a description of many lines", 'description = """\na\nb\n"""\n' + RIGHT),
)
"""Files that are odd and right all the same."""
