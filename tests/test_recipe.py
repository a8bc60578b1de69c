"""Recipes: what they hold is what their comments say."""

import torch

from pix2pix.networks import count_parameters
from pix2pix.training.learner import Learner
from pix2pix.training.recipe import load_recipe


def test_the_paper_recipe_has_the_papers_networks_but_for_one_hot_labels() -> None:
    learner = Learner(load_recipe("paper"), torch.device("cpu"))
    more = 9 * 64 * 16  # weights for 12 classes rather than 3 colours, in each first layer
    assert count_parameters(learner.model) == 54_413_955 + more
    assert count_parameters(learner.discriminator) == 2_768_705 + more
    dropping = [getattr(up, "dropout", 0) for up in learner.model.generator.up]
    assert dropping == [0, 0.5, 0.5, 0.5, 0, 0, 0, 0]
