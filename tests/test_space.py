"""Space files: the packaged ones are what they claim, and a mistake in a user's own is told with its place."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from search_spaces import registry
from search_spaces.errors import SweepError
from search_spaces.features import CATALOGUE
from search_spaces.resolution import Resolution, screen
from search_spaces.space import Space, load_space
from search_spaces.space_file import space_names

MUSE = {feature.name: feature.modality for feature in CATALOGUE}
STAGE = '[[stage]]\nname = "u"\ntitle = "U"\ntables = ["II"]\nfeatures = ["bert", "fau"]\n'
OWN = 'title = "t"\nways = ["way1", "way2"]\n'


def _file(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _refused(folder: Path, text: str) -> str:
    with pytest.raises(SweepError) as caught:
        load_space(_file(folder, text))
    return str(caught.value)


@pytest.mark.parametrize("name", space_names())
def test_every_packaged_space_loads_and_says_what_it_is_for(name):
    space = load_space(name)
    assert space.name == name
    assert space.title
    assert space.description


def test_the_packaged_spaces_are_the_four_we_speak_of():
    assert {"demo", "paper", "protocol", "smoke"} <= set(space_names())


def test_the_demo_is_the_papers_grid_with_a_smaller_budget():
    demo, paper = load_space("demo"), load_space("paper")
    assert (demo.stages, demo.ways, demo.baseline) == (paper.stages, paper.ways, paper.baseline)
    assert demo.settings.epochs < paper.settings.epochs == 100
    budget = {name: getattr(paper.settings, name) for name in ("seeds", "epochs", "batch_size")}
    assert demo.settings.model_copy(update=budget) == paper.settings


def test_the_protocol_differs_from_the_paper_in_standardizing_every_feature():
    assert load_space("protocol").settings.standardize == ("all",)
    standardized = load_space("paper").settings.model_copy(update={"standardize": ("all",)})
    assert load_space("protocol").settings == standardized


def test_the_smoke_space_is_small_and_still_joins_two_cells():
    smoke = load_space("smoke")
    assert smoke.multitask
    assert smoke.needs_screening
    assert smoke.settings.seeds == 1
    assert len(smoke.ways) * sum(len(stage.features) for stage in smoke.stages) <= 12


def test_a_users_own_file_works_from_anywhere(tmp_path):
    space = load_space(_file(tmp_path, "multitask = false\n" + OWN + "settings = { seeds = 3 }\n" + STAGE))
    assert (space.name, space.ways, space.settings.seeds, space.multitask) == ("own", ("way1", "way2"), 3, False)
    assert space.candidates(Resolution(modalities=MUSE)) == ("bert", "fau")


def test_a_file_may_extend_another_by_path(tmp_path):
    _file(tmp_path, OWN + "[settings]\nseeds = 3\nepochs = 7\n" + STAGE)
    above = tmp_path / "sub" / "above.toml"
    above.parent.mkdir()
    above.write_text('extends = "../own.toml"\nways = ["way4"]\n[settings]\nepochs = 8\n')
    space = load_space(str(above))
    assert (space.name, space.ways, space.settings.seeds, space.settings.epochs) == ("above", ("way4",), 3, 8)


@pytest.mark.parametrize("other", ["own.toml", "sub/../own.toml"])
def test_a_file_that_extends_itself_is_refused(tmp_path, other):
    (tmp_path / "sub").mkdir()
    assert "`extends` leads back to this file" in _refused(tmp_path, f'extends = "{other}"\n')


def test_an_unknown_space_lists_the_known_ones():
    with pytest.raises(SweepError, match=r"'papr' is unknown\. Known: .*paper, protocol, .*or the path"):
        load_space("papr")
    with pytest.raises(SweepError, match=r"Space file gone/own.toml does not exist"):
        load_space("gone/own.toml")


def test_every_mistake_of_a_file_is_told_at_once_with_its_key(tmp_path):
    message = _refused(
        tmp_path,
        'colour = 1\nways = ["way1", "way9", "baseline"]\n[settings]\nepoch = 3\nepochs = 0\nseeds = "5"\n'
        '[screening]\nway = "w"\n'
        '[[stage]]\nname = "a"\ntables = ["V"]\nfeatures = ["best(smell)", "Bert"]\n',
    )
    grid_ways = ", ".join(name for name in registry.names("ways") if name != "baseline")
    for line in (
        "own.toml: 12 mistakes in the space:",
        "colour: unknown key. Known: baseline, description, extends, multitask, screening, settings, stage,",
        "title: expected this key, found nothing.",
        f"ways #2: Way 'way9' is unknown. Known: {grid_ways}.",
        "ways #3: Way 'baseline' is unknown.",
        "settings.epoch: unknown key. Known: attention_heads,",
        "settings.epochs: expected greater than 0, found 0.",
        'settings.seeds: expected a valid integer, found "5".',
        "screening.way: Way 'w' is unknown.",
        "stage #1.title: expected this key, found nothing.",
        "stage #1.tables #1: expected 'II', 'III' or 'IV', found \"V\".",
        "stage #1.features #1: Modality 'smell' is unknown. Known: audio, text, video.",
        "stage #1.features #2: Feature 'Bert' is misspelled",
    ):
        assert line in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = \n", "expected TOML, found a syntax error: Invalid value (at line 1, column 5)"),
        ("extends = 3\n", "extends: expected a space's name or path, found 3"),
        ('name = "x"\n' + OWN + STAGE, "name: unknown key. A space is called like its file, here 'own'"),
        ('extends = "paper"\nsettings.loss = "hinge"\n', "settings: loss 'hinge' is unknown. Known: "),
        ('extends = "paper"\nsettings.weighting = "w"\n', "settings: weighting 'w' is unknown. Known: adaptive"),
        ('extends = "paper"\nsettings.learning_rate = inf\n', "settings.learning_rate: expected a finite number"),
        ('extends = "paper"\nsettings = 3\n', "settings: expected "),
        ('extends = "paper"\nways = []\n', "ways: Expected one entry at least, found none"),
        ('extends = "paper"\nways = ["way1", "way1"]\n', "Way 'way1' stands twice"),
        ('extends = "paper"\nsettings.standardize = ["all", "bert"]\n', 'must be ["all"] alone'),
        ('extends = "paper"\nsettings.standardize = ["bert", "bert"]\n', "standardize: 'bert' stands twice"),
        (OWN + STAGE + STAGE, "Stage 'u' stands twice"),
        (OWN + STAGE.replace('"II"', '"II", "III"'), 'stage #1.tables: Tables must be ["II"] (both targets) or'),
        (OWN + STAGE.replace('"fau"', '"bert"'), "Feature set 'bert' stands twice"),
        (OWN + STAGE.replace('"fau"', '"a+b~", "b~+a"'), "Feature set 'b~+a' is 'a+b~' in another order"),
        (OWN + "baseline = { features = ['bert', 'bert'] }\n" + STAGE, "Feature set 'bert' stands twice"),
        (OWN + STAGE.replace('"fau"', '"rest~"'), "Role 'rest~' in stage 'u' needs a [screening]"),
        (
            OWN + "screening = { way = 'way2' }\n" + STAGE.replace('"fau"', '"best(text)", "better(text)"'),
            "Role 'better(text)' in stage 'u' chooses between 'best(text)' and 'best(text)~', which an earlier stage "
            "must train. Missing there: 'best(text)', 'best(text)~'",
        ),
    ],
)
def test_a_wrong_file_says_what_was_expected(tmp_path, text, message):
    found = _refused(tmp_path, text)
    assert found.startswith(str(tmp_path / "own.toml"))
    assert message in found


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "own.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(SweepError, match="expected text in UTF-8, found byte 0xff at 9"):
        load_space(str(tmp_path / "own.toml"))


def test_a_data_set_must_have_the_features_that_the_space_names():
    load_space("paper").check_features(MUSE)
    with pytest.raises(
        SweepError, match=r"no feature 'bert', 'deepspectrum', .*'xception'\. It has: fau \(video\), rms \(audio\)"
    ) as told:
        load_space("paper").check_features({"rms": "audio", "fau": "video"})
    assert "The catalogue knows: bert, deepspectrum, egemaps" in str(told.value)
    assert "as protocol is, fits any data set" in str(told.value)


def test_a_space_by_roles_fits_a_data_set_of_strangers(tmp_path):
    load_space("protocol").check_features({"rms": "audio"})
    strange = load_space(_file(tmp_path, 'extends = "protocol"\nsettings.standardize = ["rsm"]\n'))
    with pytest.raises(SweepError, match=r"settings.standardize: 'rsm' is not a feature, nor \"all\". It has: rms"):
        strange.check_features({"rms": "audio"})


def test_a_known_feature_to_standardize_may_be_missing_from_the_data_set(tmp_path):
    space = load_space(_file(tmp_path, OWN + STAGE))
    assert space.settings.standardize == ("egemaps",)
    space.check_features({"bert": "text", "fau": "video"})


def test_overrides_change_what_is_given_and_nothing_else():
    paper = load_space("paper")
    assert paper.with_overrides() == paper
    changed = paper.with_overrides(seeds=2, epochs=3)
    assert (changed.settings.seeds, changed.settings.epochs) == (2, 3)
    assert changed.model_copy(update={"settings": paper.settings}) == paper
    with pytest.raises(SweepError, match=r"(?s)'paper'.*seeds: expected greater than 0, found 0"):
        paper.with_overrides(seeds=0)


def test_the_digest_changes_with_what_is_trained_and_not_with_what_is_printed(tmp_path):
    paper = load_space("paper")
    copy = load_space(_file(tmp_path, 'extends = "paper"\ntitle = "Mine"\ndescription = "d"\n'))
    assert copy.digest() == paper.digest() == load_space("paper").digest()
    others = [
        paper.with_overrides(seeds=1),
        paper.model_copy(update={"multitask": False}),
        paper.model_copy(update={"ways": paper.ways[1:]}),
        paper.model_copy(update={"stages": paper.stages[:-1]}),
        paper.model_copy(update={"baseline": None}),
    ]
    assert len({space.digest() for space in (paper, *others)}) == 6


@pytest.mark.parametrize("name", space_names())
def test_a_space_survives_json(name):
    space = load_space(name)
    assert Space.model_validate_json(space.model_dump_json(by_alias=True)) == space
    assert json.loads(space.digest())["ways"] == list(space.ways)


def test_the_protocol_has_at_most_eight_candidates_a_slot():
    screened = screen(dict.fromkeys(MUSE, 0.1), MUSE)
    found = load_space("protocol").candidates(screened)
    assert len(found) == len(set(found)) == 6 + 3 * 4 + 4 * 8
    assert found[:7] == ("deepspectrum", "fau", "bert", "deepspectrum~", "fau~", "bert~", "fau+bert")


def test_spaces_load_without_the_heavy_libraries():
    code = (
        "import sys; from search_spaces.space import load_space; import search_spaces.grid; load_space('demo');"
        "print(sorted({'torch', 'optuna', 'pandas', 'sklearn'} & sys.modules.keys()))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_long_chain_of_spaces_is_refused(tmp_path):
    for number in range(30):
        (tmp_path / f"{number}.toml").write_text(f'extends = "{number + 1}.toml"')
    with pytest.raises(SweepError, match="expected at most 20 spaces that extend one another"):
        load_space(str(tmp_path / "0.toml"))
