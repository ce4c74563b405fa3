import pytest

from ingest.search.words import Vocabulary, stems

VOCABULARY = Vocabulary(
    map(stems, ["Dog Food", "Cat Food", "Fish Tanks", "Bluetooth Headphones", "19.5 V Adapters"])
)


def meant(query: str) -> list[list[str]]:
    return [[match.word for match in word.matches] for word in VOCABULARY.read(query)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("TVs", "tv"), ("Headphones", "headphone"), ("CAMERAS", "camera"), ("Crème", "creme"), ("Men's", "men")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other)


def test_numbers_and_codes_are_kept_whole() -> None:
    assert stems("WH-1000XM4 2.5 mm") == ["wh", "1000xm4", "2.5", "mm"]


def test_units_stand_apart_however_they_are_written() -> None:
    assert stems("10kg") == stems("10 KG") == ["10", "kg"]


def test_stop_words_stay_when_there_is_nothing_else() -> None:
    assert stems("the other") == ["the", "other"]
    assert stems("the other tea") == ["tea"]


def test_chinese_runs_become_pairs_of_characters() -> None:
    assert stems("电视机 tv 书") == ["电视", "视机", "tv", "书"]


def test_a_misspelt_word_means_the_nearest_one() -> None:
    (fod,) = VOCABULARY.read("fod")
    assert [match.word for match in fod.matches] == ["food"]
    assert 0.8 < fod.matches[0].weight < 1.0


def test_codes_are_never_guessed() -> None:
    assert meant("19.4") == [[]]


def test_neighbours_are_joined_and_compounds_are_split() -> None:
    assert meant("blue tooth") == [["bluetooth"]]
    assert meant("fishtank") == [["fish"], ["tank"]]


def test_rare_words_count_more_than_common_ones() -> None:
    dog, food = VOCABULARY.read("dog food")
    assert dog.idf > food.idf


def test_an_unknown_word_counts_as_the_rarest_and_means_nothing() -> None:
    (word,) = VOCABULARY.read("zzzz")
    assert word.matches == ()
    assert word.idf == pytest.approx(float(VOCABULARY.idf.max()))


@pytest.mark.parametrize("query", ["", "  ", "!?…", "\x00", "x" * 10_000, "😀", "ß" * 50])
def test_odd_queries_are_read_without_a_fuss(query: str) -> None:
    assert all(not word.matches for word in VOCABULARY.read(query))


def test_a_vocabulary_of_nothing_matches_nothing() -> None:
    assert [word.matches for word in Vocabulary([]).read("dog food")] == [(), ()]
