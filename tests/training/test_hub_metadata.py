"""What the Hub reads from a card: true of the config, and in the Hub's own form."""

import yaml
from huggingface_hub import ModelCardData
from huggingface_hub.repocard_data import model_index_to_eval_results

from pix2pix.config import CheckpointConfig, GeneratorConfig
from pix2pix.hub.upload import with_front_matter
from pix2pix.training.hub_metadata import hub_metadata

SHA = "0123456789" * 4
METRICS = {
    "psnr_own_style": 21.5,
    "psnr_grey": 19.0,
    "fcn_mean_iou": 0.4,
    "colorfulness_truth": 30.0,
    "examples": 64,
    "note": "text",
}


def make_config(**training: object) -> CheckpointConfig:
    shape = GeneratorConfig(3, 3, ngf=8, depth=4)
    return CheckpointConfig(
        "image2image", 64, generator=shape, training=dict(training), metrics=METRICS
    )


def test_figures_of_the_model_are_given_in_the_hubs_form() -> None:
    index = hub_metadata(make_config(), "ada/houses", ["ada/photos"])["model-index"]
    name, results = model_index_to_eval_results(index)
    assert name == "houses"
    assert [(r.metric_type, r.metric_value) for r in results] == [
        ("psnr", 21.5),
        ("mean_iou", 0.4),
    ]
    assert {(r.task_type, r.dataset_type) for r in results} == {("image-to-image", "ada/photos")}
    assert results[0].metric_name == "PSNR, dB: own style"


def test_only_a_start_that_is_on_the_hub_is_a_base_model() -> None:
    known = hub_metadata(make_config(init_from=f"ada/start@{SHA}"), "ada/houses")
    assert known["base_model"] == "ada/start"
    for start in ("runs/first", "a/b@main", None):
        assert "base_model" not in hub_metadata(make_config(init_from=start), "ada/houses")


def test_a_sample_sheet_is_the_widgets_picture() -> None:
    assert "widget" not in hub_metadata(make_config(), "ada/houses")
    widget = hub_metadata(make_config(), "ada/houses", samples=True)["widget"]
    assert widget == [{"text": "held-out examples", "output": {"url": "samples.jpg"}}]


def test_values_that_a_card_has_stay_and_the_hubs_client_reads_the_rest() -> None:
    text = "---\ndatasets:\n- ada/own\n---\n\n# A card\n"
    card = with_front_matter(text, hub_metadata(make_config(), "ada/houses", ["ada/other"]))
    assert "- ada/own" in card and "- ada/other" not in card
    block = card.split("---\n")[1]
    data = ModelCardData(**yaml.safe_load(block))
    assert data.eval_results and data.eval_results[0].metric_value == 21.5
