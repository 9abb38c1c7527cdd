"""Pairs of sentences: Multi30k, plainly tokenised."""

import gzip
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlr.course.data.images import Arrays

__all__ = ["MULTI30K", "Pairs", "load_multi30k"]

MULTI30K = "multi30k"
PAD, UNKNOWN, BEGIN, END = range(4)
IGNORED = -100  # the label that torch's cross entropy leaves out
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Pairs(Arrays):
    """Sentences and their translations as numbers, in memory: what `tlr.course.models.Transformer` learns from.

    Attributes:
        name: what `load` was asked for.
        x_train, x_test: int64, (n, 2 L): L words of the source, then L of the translation, from its beginning on;
            padded with 0.
        y_train, y_test: int64, (n, L): the translation's words one place further on, −100 where it has ended.
        inputs, classes: words of the source's and of the translation's vocabulary.
    """

    inputs: int
    classes: int
    channels = 1

    def tensors(self, device="cpu"):
        """(x_train, y_train, x_test, y_test) as torch tensors on `device`."""
        import torch

        arrays = (self.x_train, self.y_train, self.x_test, self.y_test)
        return tuple(torch.tensor(array, device=device) for array in arrays)

    def normalizer(self, device="cpu"):
        """Words are what the network takes: they stay as they are."""
        return lambda words: words


def load_multi30k(place, length=40, at_least=2):
    """Multi30k's German sentences and their English translations.

    A word is a run of letters and digits, or one other sign, in lower case. Each language's vocabulary is that of its
    training sentences: words that occur `at_least` times, all others are one unknown word. Sentences are cut after
    `length` − 2 words.

    Args:
        place: a folder with train.de.gz, train.en.gz, test_2016_flickr.de.gz and test_2016_flickr.en.gz, a sentence
            a line.
        length: L, words of a sentence with its beginning and its end (default 40).
        at_least: how often a word occurs that has a number of its own (default 2).

    Returns:
        `Pairs`.

    Raises:
        ValueError: a file is missing, damaged or empty, or the two languages do not have the same number of lines.

    Source:
        D. Elliott, S. Frank, K. Sima'an, L. Specia: Multi30K: Multilingual English-German Image Descriptions, 2016.
    """
    texts = {}
    for split, stem in (("train", "train"), ("test", "test_2016_flickr")):
        for language in ("de", "en"):
            path = Path(place) / f"{stem}.{language}.gz"
            if not path.is_file():
                raise ValueError(
                    f"Multi30k needs {path}, which is not there: put train.de.gz, train.en.gz, test_2016_flickr.de.gz "
                    "and test_2016_flickr.en.gz into that folder."
                )
            texts[split, language] = _sentences(path)
        if len(texts[split, "de"]) != len(texts[split, "en"]):
            raise ValueError(f"Multi30k in {place}: {stem}.de.gz and {stem}.en.gz differ in their number of lines.")
    vocabularies = {language: _vocabulary(texts["train", language], at_least) for language in ("de", "en")}
    arrays = {}
    for split in ("train", "test"):
        source, target = (_numbers(texts[split, each], vocabularies[each], length + 1) for each in ("de", "en"))
        arrays[f"x_{split}"] = np.hstack([source[:, :length], target[:, :-1]])
        arrays[f"y_{split}"] = np.where(target[:, 1:] == PAD, IGNORED, target[:, 1:])
    return Pairs(MULTI30K, **arrays, inputs=4 + len(vocabularies["de"]), classes=4 + len(vocabularies["en"]))


def _sentences(path):
    """The words of each line of a gzipped text."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            sentences = [_WORD.findall(line.lower()) for line in file]
    except (EOFError, OSError, UnicodeDecodeError, zlib.error) as error:
        raise ValueError(f"{path} is damaged, or not UTF-8 text packed by gzip: get it again.") from error
    if not sentences:
        raise ValueError(f"{path} holds no sentence: get it again.")
    return sentences


def _vocabulary(sentences, at_least):
    """Word → its number, the most frequent first."""
    counts = Counter(word for sentence in sentences for word in sentence)
    words = sorted(
        (word for word, count in counts.items() if count >= at_least), key=lambda word: (-counts[word], word)
    )
    return {word: number for number, word in enumerate(words, start=END + 1)}


def _numbers(sentences, vocabulary, length):
    """Sentences as rows of numbers, each with its beginning and its end, cut or padded to `length`."""
    rows = np.full((len(sentences), length), PAD, np.int64)
    for row, sentence in zip(rows, sentences, strict=True):
        words = [BEGIN, *(vocabulary.get(word, UNKNOWN) for word in sentence[: length - 3]), END]
        row[: len(words)] = words
    return rows
