"""Recipes, runs and journals: release procedures in Markdown, executed step by step."""

__version__ = "0.1.0"
