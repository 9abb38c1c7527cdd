"""What the notebooks show: the methods TLR is compared with, data, models, training, records, plots and explorers.

Nothing in `tlr` outside this folder imports it.
"""
