"""The rule as torch optimizers: NaiveTLR (Algorithm 1), TLR (Algorithm 2 and Eq. 10), and TLR over Adam."""

from tlr.optim.adam import TLRAdam, TLRAdamW
from tlr.optim.naive import NaiveTLR
from tlr.optim.rates import learning_rates, skipped_updates
from tlr.optim.sgd import TLR
from tlr.optim.trainable import TrainableRate

__all__ = ["TLR", "NaiveTLR", "TLRAdam", "TLRAdamW", "TrainableRate", "learning_rates", "skipped_updates"]
