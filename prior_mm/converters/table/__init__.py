"""Any table of radiographs, and the folders beside it, to annotation files: a data set of one's own."""
