"""The Transformer that translates."""

import math

import torch
from torch import nn

from tlr.course.models.seeding import seeded

__all__ = ["Transformer"]

PAD = 0


class Transformer(nn.Module):
    """A Seq2Seq Transformer, the paper's for translation: 8 heads, 3 layers to encode and 3 to decode (appendix D.5).

    Width, feed-forward width and dropout are those of the tutorial that the paper's footnote 3 names: 512, 512, 0.1.
    Weight matrices begin with Xavier's uniform distribution, as there.

    Args:
        inputs, outputs: words of the source's and of the target's vocabulary; word 0 pads.
        width: of the embeddings, a multiple of `heads` (default 512).
        hidden: of the feed-forward layers (default 512).
        heads: of the attention (default 8).
        layers: of the encoder, and of the decoder (default 3).
        dropout: share of activations that training leaves out (default 0.1).
        seed: of the initial weights; the global random state is left as it was.

    Shapes: int64 (n, 2 L), each row L words of the source and then L words of the target up to now → logits
    (n, outputs, L) of the target's next words, as `cross_entropy` takes them.

    Reference:
        A. Vaswani et al.: Attention Is All You Need, NeurIPS 2017.
    """

    def __init__(self, inputs, outputs, width=512, hidden=512, heads=8, layers=3, dropout=0.1, seed=0):
        super().__init__()
        with seeded(seed):
            self.source = nn.Embedding(inputs, width)
            self.target = nn.Embedding(outputs, width)
            self.dropout = nn.Dropout(dropout)
            sizes = {"nhead": heads, "dim_feedforward": hidden, "dropout": dropout, "batch_first": True}
            # torch's shortcut for padding is a prototype, and cuts off what is padded in every sentence
            encoder = nn.TransformerEncoder(
                nn.TransformerEncoderLayer(width, **sizes), layers, nn.LayerNorm(width), enable_nested_tensor=False
            )
            self.transformer = nn.Transformer(width, num_decoder_layers=layers, custom_encoder=encoder, **sizes)
            self.output = nn.Linear(width, outputs)
            for p in self.parameters():
                if p.ndim > 1:
                    nn.init.xavier_uniform_(p)

    def forward(self, words):
        source, target = words.chunk(2, dim=1)
        length = target.shape[1]
        future = torch.ones(length, length, dtype=torch.bool, device=words.device).triu(1)
        decoded = self.transformer(
            self._embed(self.source, source),
            self._embed(self.target, target),
            tgt_mask=future,
            src_key_padding_mask=source == PAD,
            memory_key_padding_mask=source == PAD,
            tgt_key_padding_mask=target == PAD,
            tgt_is_causal=True,
        )
        return self.output(decoded).transpose(1, 2)

    def _embed(self, embedding, words):
        width = embedding.embedding_dim
        return self.dropout(embedding(words) * math.sqrt(width) + _positions(words.shape[1], width, words.device))


def _positions(length, width, device):
    """Sines and cosines of the position, from one radian a word down to 1/10,000: (length, width)."""
    frequencies = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000) / width))
    angles = torch.arange(length, device=device)[:, None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
