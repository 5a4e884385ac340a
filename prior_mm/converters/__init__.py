"""From the raw layouts of data sets to annotation files."""
