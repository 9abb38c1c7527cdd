"""The rule as torch optimizers: NaiveTLR (Algorithm 1), TLR (Algorithm 2 and Eq. 10), and TLR over Adam.

To read it, begin with `sgd` and `adam`, which users take, and `trainable`, the mechanism over any base. These stand on
`windows` and `gradients`, what is summed between two updates; `update`, what an update makes of it, and `steady`, what
the rule of that name does instead; `products`, the inner products; `rates` and `groups`, α and the options of a
parameter group. `watch` warns; `processes` is for several processes.
"""

from tlr.optim.adam import TLRAdam, TLRAdamW
from tlr.optim.naive import NaiveTLR
from tlr.optim.rates import learning_rates, skipped_updates
from tlr.optim.sgd import TLR
from tlr.optim.trainable import TrainableRate

__all__ = ["TLR", "NaiveTLR", "TLRAdam", "TLRAdamW", "TrainableRate", "learning_rates", "skipped_updates"]
