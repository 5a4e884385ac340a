"""Phrases and their places, from the files of several data sets to annotation files of phrase grounding."""
