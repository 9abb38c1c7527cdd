"""Real data: digits (embedded), MNIST and CIFAR (downloaded once), or any NAME.npz of the same form.

A data set is a file NAME.npz with uint8 images `x_train`, `x_test` of shape (n, height, width) or
(n, height, width, channels) and integer labels `y_train`, `y_test` of shape (n,): the keys of Keras' mnist.npz.
It lies in the folder that the environment variable TLR_DATA_DIR names, or else in the user's cache folder.

Sources:
    digits: 1,797 handwritten digits of 8 × 8 pixels; E. Alpaydin and C. Kaynak, Optical Recognition of
        Handwritten Digits, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0; as distributed by
        scikit-learn (`load_digits`), its gray levels 0..16 rescaled to 0..255. Every fifth digit of each class is
        in the test set.
    mnist: 70,000 handwritten digits of 28 × 28 pixels; Y. LeCun, C. Cortes and C. Burges, The MNIST Database.
    cifar10, cifar100: 60,000 photographs of 32 × 32 pixels in 10 and in 100 classes; A. Krizhevsky, Learning Multiple
        Layers of Features from Tiny Images, 2009.
    multi30k: 30,000 German descriptions of pictures with their English translations, not images but text: `load`
        finds it in the data folder, and `tlr.course.data.text` says in which form.
"""

from tlr.course.data.archives import DOWNLOADS, Archive, CifarArchive
from tlr.course.data.images import KEYS, Data, normalize
from tlr.course.data.loading import folder, load

__all__ = ["DOWNLOADS", "KEYS", "Archive", "CifarArchive", "Data", "folder", "load", "normalize"]
