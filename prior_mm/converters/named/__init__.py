"""Data sets of this field that are a table and a folder of images: their layouts, as one table each."""
