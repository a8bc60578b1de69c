"""Names are matched into pairs: the same, by role words, by zeros; never where two would do."""

from pathlib import Path

import pytest

from pix2pix.data.pair_matching import find_roles, match_folders, match_roles

FOLDERS = (Path("A"), Path("B"))


def stems(*names: str, folder: str = "") -> dict[str, list[Path]]:
    return {name: [Path(folder, f"{name}.png")] for name in names}


def matched(a: list[str], b: list[str]) -> tuple[set[tuple[str, str]], list[str]]:
    pairs, _, problems = match_folders(stems(*a, folder="A"), stems(*b, folder="B"), FOLDERS)
    names = {(str(a.with_suffix("")), str(b.with_suffix(""))) for _, a, b in pairs}
    return {(a.removeprefix("A/"), b.removeprefix("B/")) for a, b in names}, problems


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (["x_A", "y_A"], ["x_B", "y_B"]),
        (["x_in", "y_in"], ["x_out", "y_out"]),
        (["x-input", "y-input"], ["x-target", "y-target"]),
        (["1", "2", "10"], ["001", "002", "010"]),
        (["img_1", "img_2"], ["img_01", "img_02"]),
        (["1_in", "2_in"], ["01_out", "02_out"]),
        (["real_1", "real_2", "real_3"], ["made_1", "made_2", "made_3"]),
        (["rome_photo", "oslo_photo", "bern_photo"], ["rome_map", "oslo_map", "bern_map"]),
        (["rome_map", "oslo_map", "bern_map"], ["rome", "oslo", "bern"]),
        (["1a", "2a"], ["1b", "2b"]),
        (["IMG_7", "IMG_8"], ["img_7", "img_8"]),
        (["x", "y_in"], ["x", "y_out"]),
        (["p/1_a", "q/1_a"], ["p/1_b", "q/1_b"]),
    ],
    ids=str,
)
def test_pairs_of_two_folders_by_names_that_differ(a: list[str], b: list[str]) -> None:
    assert matched(a, b) == (set(zip(a, b)), [])


def test_the_same_name_goes_before_one_that_is_like_it() -> None:
    pairs, problems = matched(["1", "01"], ["1", "01"])
    assert pairs == {("1", "1"), ("01", "01")} and not problems


@pytest.mark.parametrize(
    ("a", "b", "unsure"),
    [(["1"], ["01", "001"], "A/1.png"), (["x_in", "x_photo"], ["x_out"], "B/x_out.png")],
)
def test_two_candidates_are_a_problem_and_no_pair(a: list[str], b: list[str], unsure: str) -> None:
    pairs, problems = matched(a, b)
    assert not pairs
    assert any(p.startswith(f"{unsure}: could go with ") and " or " in p for p in problems)


def test_what_only_looks_alike_is_no_pair() -> None:
    pairs, problems = matched(["1", "2", "3_red", "scan_v2"], ["1", "2", "3_blue", "scan_v3"])
    assert pairs == {("1", "1"), ("2", "2")}
    assert len(problems) == 4 and all("has no partner" in p for p in problems)


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["x_A", "x_B"], ("a", "b")),
        (["x_in", "x_out", "y_in", "y_out"], ("in", "out")),
        (["x_photo", "x_label"], ("photo", "label")),
        (["input_1", "target_1"], ("input", "target")),
        (["1_summer", "1_winter", "2_summer", "2_winter"], ("summer", "winter")),
        (["1_AB", "2_AB"], None),
        (["red_house", "blue_door", "red_door"], None),
        (["1", "2", "3", "4"], None),
        (["1_a", "1_b", "2", "3", "4", "5"], None),
    ],
    ids=str,
)
def test_the_words_that_tell_pairs_in_one_folder(names: list[str], roles: tuple | None) -> None:
    assert find_roles(names) == roles


def test_pairs_of_one_folder_and_what_lacks_its_partner() -> None:
    names = stems("1_in", "01_out", "2_in", "2_out", "3_in", "notes")
    pairs, problems = match_roles(names, ("in", "out"))
    assert [(name, a.stem, b.stem) for name, a, b in pairs] == [
        ("1", "1_in", "01_out"),
        ("2", "2_in", "2_out"),
    ]
    assert problems == [
        "3_in.png: has no partner with out in its name",
        "notes.png: has neither in nor out in its name",
    ]
