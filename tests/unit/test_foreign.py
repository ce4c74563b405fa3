"""What a model was not trained on is told by its characters alone, in any language."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ingest.classify.foreign import Foreign
from taxonomy.errors import ModelError
from taxonomy.text import normalise

LOOKS = ["red", "blue", "green", "small", "large", "old", "new", "plain", "soft", "heavy"]
GOODS = ["cotton shirt", "steel pan", "glass mug", "wooden chair", "woollen rug", "leather bag", "table lamp"]
ENGLISH = [f"{a} {b} {c}" for a in LOOKS for b in LOOKS for c in GOODS]
FARBEN, SACHEN = (
    "红蓝绿黑白灰",
    ["棉质衬衫", "不锈钢锅", "玻璃杯", "木椅子", "羊毛地毯", "真皮手提包", "台灯"],
)
CHINESE = [
    f"{brand}{colour}色{size}{thing}"
    for brand in ("nike ", "", "acme ")
    for colour in FARBEN
    for size in ("大号", "小号", "儿童", "")
    for thing in SACHEN
]
GERMAN = ["herrenjacke wasserdicht schwarz", "küchenmesser aus edelstahl", "bettwäsche für kinder"]


def halves(texts: list[str]) -> tuple[list[str], list[str]]:
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[at] for at in order[::2]], [texts[at] for at in order[1::2]]


def fitted(texts: list[str], *, refuse: float = 0.02) -> Foreign:
    train, held = halves(texts)
    return Foreign.fit(train, calibration_texts=held, refuse=refuse)


@pytest.fixture(scope="module")
def english() -> Foreign:
    return fitted(ENGLISH)


def test_new_titles_of_the_same_kind_are_not_foreign(english: Foreign) -> None:
    assert not english.is_foreign(["small heavy glass mug", "old leather bag", "new red wooden chair"]).any()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8901030865278",
        "12 / 40 - 3",
        "洗发水 控油去屑",
        "куртка зимняя мужская",
        "xqzvk wjpqy",
        "b00x4whp5e",
        *GERMAN,
    ],
)
def test_other_languages_gibberish_and_texts_without_letters_are_foreign(english: Foreign, text: str) -> None:
    assert english.is_foreign([text]).all()


@pytest.mark.parametrize(
    "disguise",
    [str.maketrans("aeopcx", "аеорсх"), str.maketrans("aovni", "αονηι"), str.maketrans("aeios", "43105")],
    ids=["Cyrillic", "Greek", "digits"],
)
def test_letters_that_only_look_like_the_training_s_are_foreign(
    english: Foreign, disguise: dict[int, int]
) -> None:
    assert english.is_foreign([text.translate(disguise) for text in ENGLISH[:50]]).mean() > 0.95


@pytest.mark.parametrize("mark", ["\u202e", "\u00ad", "\u2066"])
def test_marks_that_do_not_print_change_nothing(english: Foreign, mark: str) -> None:
    disguised = [normalise(mark.join(text)) for text in ENGLISH[:50]]
    assert disguised == ENGLISH[:50]
    assert not english.is_foreign(disguised).any()


def test_numbers_beside_words_make_nothing_foreign(english: Foreign) -> None:
    plain, numbered = english.scores(["red cotton shirt", "red cotton shirt 40 - 12.5"])
    assert plain == numbered


def test_for_a_chinese_catalogue_english_is_foreign_and_brand_names_are_not() -> None:
    chinese = fitted(CHINESE)
    assert not chinese.is_foreign(["nike 红色儿童棉质衬衫", "绿色大号台灯"]).any()
    assert chinese.is_foreign(["insulated stainless bottle", "куртка зимняя"]).all()


def test_the_share_to_refuse_moves_the_threshold() -> None:
    assert fitted(CHINESE, refuse=0.2).threshold < fitted(CHINESE, refuse=0.01).threshold


def test_a_catalogue_whose_titles_are_all_alike_still_takes_a_new_word(english: Foreign) -> None:
    alike = Foreign.fit(["red cotton shirt"] * 50, calibration_texts=["red cotton shirt"] * 300)
    assert not alike.is_foreign(["red cotton shirts"]).any()
    assert alike.is_foreign(GERMAN).all()


def test_the_share_asked_is_kept_on_average() -> None:
    train, held = halves(CHINESE)
    rng = np.random.default_rng(1)
    refused = []
    for _ in range(20):
        order = rng.permutation(len(held))
        known, new = ([held[at] for at in part] for part in np.array_split(order, 2))
        foreign = Foreign.fit(train, calibration_texts=known, refuse=0.05)
        refused.append(foreign.is_foreign(new).mean())
    assert 0 < np.mean(refused) <= 0.06


def test_with_few_calibration_texts_none_of_them_is_foreign_and_other_scripts_still_are() -> None:
    train, held = halves(ENGLISH)
    foreign = Foreign.fit(train, calibration_texts=held[:20])
    assert not foreign.is_foreign(held[:20]).any()
    assert foreign.is_foreign(["洗发水 控油去屑"]).all()


def test_calibration_texts_without_letters_do_not_blunt_it() -> None:
    train, held = halves(ENGLISH)
    foreign = Foreign.fit(train, calibration_texts=[*held, *["123"] * 100], refuse=0.02)
    assert foreign.is_foreign(GERMAN).all()


def test_no_texts_give_no_scores(english: Foreign) -> None:
    assert english.scores([]).shape == (0,)
    assert Foreign.fit([], calibration_texts=[]).is_foreign(["anything"]).all()


def test_a_text_scores_the_same_alone_and_among_many(english: Foreign) -> None:
    texts = ["red mug", "", "洗发水", "old chair of 1950"] * 1500
    assert np.array_equal(
        english.scores(texts)[:4], np.concatenate([english.scores([at]) for at in texts[:4]])
    )


def test_a_text_of_ten_thousand_words_is_read_as_far_as_models_read(english: Foreign) -> None:
    long = "red cotton shirt " * 10_000
    assert english.scores([long]) == english.scores([long + "洗发水" * 1000])


def test_it_reads_back_as_it_was_saved(english: Foreign, tmp_path: Path) -> None:
    english.save(tmp_path / "foreign.safetensors")
    again = Foreign.load(tmp_path / "foreign.safetensors")
    assert again.threshold == english.threshold
    assert np.array_equal(again.counts, english.counts)


@pytest.mark.parametrize("threshold", [float("nan"), -1.0, 7.0])
def test_a_threshold_that_is_none_is_refused(english: Foreign, tmp_path: Path, threshold: float) -> None:
    save_file({"counts": english.counts, "threshold": np.array([threshold])}, tmp_path / "f")
    with pytest.raises(ModelError, match="threshold"):
        Foreign.load(tmp_path / "f")


def test_a_damaged_file_is_refused(english: Foreign, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"12345")
    save_file({"counts": english.counts[:5], "threshold": np.array([0.5])}, tmp_path / "other")
    for name in ("short", "other", "absent"):
        with pytest.raises(ModelError, match=name):
            Foreign.load(tmp_path / name)
