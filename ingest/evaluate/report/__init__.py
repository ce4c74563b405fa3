"""The report on a classifier: figures in `examine`, a page of them in `page`."""
