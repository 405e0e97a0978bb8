"""Recipes: small TOML files that make a benchmark of any folder of recordings, or of simulated walkers."""

from himpc.research.recipes.loading import divide_recordings, load_recipe
from himpc.research.recipes.recipe import Recipe, get_recipe, parse_recipe, read_recipe, recipe_names

__all__ = [
    "Recipe",
    "divide_recordings",
    "get_recipe",
    "load_recipe",
    "parse_recipe",
    "read_recipe",
    "recipe_names",
]
