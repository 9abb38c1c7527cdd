"""tlr.course.data.text: sentences become numbers that the Transformer learns to translate."""

import gzip

import numpy as np
import pytest
import torch

from tlr.course.data import folder, load
from tlr.course.data.text import BEGIN, END, IGNORED, UNKNOWN, load_multi30k
from tlr.course.models import Transformer
from tlr.course.peers import make_optimizer
from tlr.course.training import accuracy, train

GERMAN = ["Ein Hund läuft.", "ein Hund schläft .", "Ein Mann, ein Hund, und noch viele andere Wörter."]
ENGLISH = ["A dog runs.", "a dog sleeps .", "A man, a dog, and many other words."]


def write(place, german=GERMAN, english=ENGLISH):
    place.mkdir(exist_ok=True)
    for stem in ("train", "test_2016_flickr"):
        for language, sentences in (("de", german), ("en", english)):
            with gzip.open(place / f"{stem}.{language}.gz", "wt", encoding="utf-8") as file:
                file.writelines(f"{sentence}\n" for sentence in sentences)
    return place


def test_a_sentence_is_its_words_in_lower_case_between_beginning_and_end(tmp_path):
    pairs = load_multi30k(write(tmp_path), length=8)
    source, target = np.split(pairs.x_train, 2, axis=1)
    ein, stop, hund = 4, 5, 6  # the most frequent come first, then by the alphabet
    assert source[0].tolist() == [BEGIN, ein, hund, UNKNOWN, stop, END, 0, 0]
    assert source[1].tolist() == source[0].tolist()
    assert target[0, 0] == BEGIN
    assert pairs.inputs == 4 + len({"ein", "hund", ".", ","})


def test_labels_are_the_next_words_and_padding_is_not_asked_for(tmp_path):
    pairs = load_multi30k(write(tmp_path), length=8)
    target = np.split(pairs.x_train, 2, axis=1)[1]
    np.testing.assert_array_equal(pairs.y_train[0, :4], target[0, 1:5])
    assert pairs.y_train[0].tolist()[4:] == [END, IGNORED, IGNORED, IGNORED]


def test_a_long_sentence_is_cut(tmp_path):
    source, target = np.split(load_multi30k(write(tmp_path), length=8).x_train, 2, axis=1)
    assert (source[2] != 0).all()
    assert source[2, -1] == target[2, -1] == END
    assert len(set(source[2])) > 4


@pytest.mark.parametrize("name", ["multi30k-10", "multi30k-lower"])
def test_it_has_no_parts_as_images_have(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path))
    write(tmp_path / "multi30k")
    with pytest.raises(ValueError, match=name):
        load(name)


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path))
    with pytest.raises(ValueError, match=r"Multi30k needs .*multi30k.train\.de\.gz, which is not there: put train"):
        load("multi30k")
    write(tmp_path / "multi30k", english=ENGLISH[:2])
    with pytest.raises(ValueError, match=r"train\.de\.gz and train\.en\.gz differ in their number of lines"):
        load("multi30k")


def test_the_loop_teaches_a_transformer(tmp_path):
    pairs = load_multi30k(write(tmp_path), length=10, at_least=1)
    model = Transformer(pairs.inputs, pairs.classes, width=16, hidden=16, heads=2, layers=1, dropout=0.0)
    optimizer = make_optimizer("tlr", model.parameters(), lr=0.05, momentum=0.8, update_every=10)
    history = train(model, optimizer, pairs, epochs=60, batch_size=3, progress=False)
    assert history.train_loss[-1] < 0.5 * history.train_loss[0]
    assert history.test_accuracy[-1] > 0.6
    x, y = pairs.tensors()[2:]
    predicted = model(x).argmax(1)
    assert accuracy(model, x, y, pairs.normalizer()) == (predicted == y)[y >= 0].double().mean()


def test_dropout_is_drawn_from_seed_and_epoch_so_that_a_run_can_go_on(tmp_path):
    pairs = load_multi30k(write(tmp_path), length=10, at_least=1)

    def begin():
        model = Transformer(pairs.inputs, pairs.classes, width=8, hidden=8, heads=2, layers=1, dropout=0.5)
        return model, make_optimizer("adam", model.parameters(), lr=0.01)

    options = {"batch_size": 2, "progress": False}
    expected = train(*begin(), pairs, epochs=3, **options)
    parts = begin()
    history = train(*parts, pairs, epochs=1, **options)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    train(*parts, pairs, epochs=3, history=history, **options)
    assert history.train_loss.tolist() == expected.train_loss.tolist()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.skipif(not (folder() / "multi30k").is_dir(), reason="needs multi30k in $TLR_DATA_DIR")
def test_multi30k_is_whole():
    pairs = load("multi30k")
    assert (len(pairs.x_train), len(pairs.x_test)) == (29_000, 1_000)
    assert (pairs.y_train != IGNORED).sum(1).max() <= pairs.y_train.shape[1]
    assert pairs.x_train.max() < max(pairs.inputs, pairs.classes)
