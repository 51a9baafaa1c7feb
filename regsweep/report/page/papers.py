"""The papers of what a sweep used: only those, so that the list can be cited as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from regsweep.methods.paper import ADAMW, Paper

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep


PAPERS = {
    "proximal": Paper(
        "Proximal steps (exact zeros)",
        "Parikh, N. and Boyd, S. (2014). Proximal algorithms. Foundations and Trends in Optimization, 1(3), 127–239.",
    ),
    "adam": Paper(
        "Adam",
        "Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. International Conference on "
        "Learning Representations.",
    ),
    "adamw": ADAMW,
    "nesterov": Paper(
        "Nesterov momentum",
        "Sutskever, I., Martens, J., Dahl, G. and Hinton, G. (2013). On the importance of initialization and momentum "
        "in deep learning. International Conference on Machine Learning, 1139–1147.",
    ),
    "rmsprop": Paper(
        "RMSprop",
        "Tieleman, T. and Hinton, G. (2012). Lecture 6.5: RMSprop. COURSERA: Neural networks for machine learning.",
    ),
    "adagrad": Paper(
        "Adagrad",
        "Duchi, J., Hazan, E. and Singer, Y. (2011). Adaptive subgradient methods for online learning and stochastic "
        "optimization. Journal of Machine Learning Research, 12, 2121–2159.",
    ),
    "adadelta": Paper("Adadelta", "Zeiler, M. D. (2012). ADADELTA: an adaptive learning rate method. arXiv:1212.5701."),
    "adamax": Paper(
        "Adamax",
        "Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization, section 7.1. International "
        "Conference on Learning Representations.",
    ),
    "nadam": Paper(
        "NAdam",
        "Dozat, T. (2016). Incorporating Nesterov momentum into Adam. International Conference on Learning "
        "Representations, workshop.",
    ),
    "radam": Paper(
        "RAdam",
        "Liu, L., Jiang, H., He, P., Chen, W., Liu, X., Gao, J. and Han, J. (2020). On the variance of the adaptive "
        "learning rate and beyond. International Conference on Learning Representations.",
    ),
    "adafactor": Paper(
        "Adafactor",
        "Shazeer, N. and Stern, M. (2018). Adafactor: adaptive learning rates with sublinear memory cost. "
        "International Conference on Machine Learning, 4596–4604.",
    ),
    "muon": Paper(
        "Muon",
        "Jordan, K., Jin, Y., Boza, V., You, J., Cesista, F., Newhouse, L. and Bernstein, J. (2024). Muon: an "
        "optimizer for hidden layers in neural networks. https://kellerjordan.github.io/posts/muon/",
    ),
    "asgd": Paper(
        "Averaged stochastic gradient descent",
        "Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation by averaging. SIAM Journal "
        "on Control and Optimization, 30(4), 838–855.",
    ),
    "rprop": Paper(
        "Rprop",
        "Riedmiller, M. and Braun, H. (1993). A direct adaptive method for faster backpropagation learning: the RPROP "
        "algorithm. IEEE International Conference on Neural Networks, 586–591.",
    ),
    "ResNet18": Paper(
        "ResNet-18",
        "He, K., Zhang, X., Ren, S. and Sun, J. (2016). Deep residual learning for image recognition. IEEE Conference "
        "on Computer Vision and Pattern Recognition, 770–778.",
    ),
    "TPESampler": Paper(
        "Search: tree-structured Parzen estimator",
        "Bergstra, J., Bardenet, R., Bengio, Y. and Kégl, B. (2011). Algorithms for hyper-parameter optimization. "
        "Advances in Neural Information Processing Systems 24.",
    ),
    "optuna": Paper(
        "Search: Optuna",
        "Akiba, T., Sano, S., Yanase, T., Ohta, T. and Koyama, M. (2019). Optuna: a next-generation hyperparameter "
        "optimization framework. ACM SIGKDD, 2623–2631.",
    ),
    "HyperbandPruner": Paper(
        "Pruning: Hyperband",
        "Li, L., Jamieson, K., DeSalvo, G., Rostamizadeh, A. and Talwalkar, A. (2018). Hyperband: a novel bandit-based "
        "approach to hyperparameter optimization. Journal of Machine Learning Research, 18(185), 1–52.",
    ),
    "SuccessiveHalvingPruner": Paper(
        "Pruning: asynchronous successive halving",
        "Li, L., Jamieson, K., Rostamizadeh, A., Gonina, E., Ben-tzur, J., Hardt, M., Recht, B. and Talwalkar, A. "
        "(2020). A system for massively parallel hyperparameter tuning. Machine Learning and Systems, 2, 230–246.",
    ),
    "MedianPruner": Paper(
        "Pruning: median rule",
        "Golovin, D., Solnik, B., Moitra, S., Kochanski, G., Karro, J. and Sculley, D. (2017). Google Vizier: a "
        "service for black-box optimization. ACM SIGKDD, 1487–1495.",
    ),
    "importance": Paper(
        "Importance: shares of the variance",
        "Sobol', I. M. (1993). Sensitivity estimates for nonlinear mathematical models. Mathematical Modelling and "
        "Computational Experiments, 1(4), 407–414.",
    ),
    "chance": Paper(
        "Importance: what chance reaches",
        "Westfall, P. H. and Young, S. S. (1993). Resampling-based multiple testing: examples and methods for p-value "
        "adjustment. Wiley.",
    ),
    "sign_flip": Paper(
        "Exact sign-flip test",
        "Fisher, R. A. (1935). The design of experiments. Oliver and Boyd, section 21.",
    ),
    "holm": Paper(
        "Several comparisons",
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, "
        "6(2), 65–70.",
    ),
    "digits": Paper(
        "Data: digits",
        "Alpaydin, E. and Kaynak, C. (1998). Optical recognition of handwritten digits. UCI Machine Learning "
        "Repository.",
    ),
    "mnist": Paper(
        "Data: MNIST",
        "LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE, 86(11), 2278–2324.",
    ),
    "fashion_mnist": Paper(
        "Data: Fashion-MNIST",
        "Xiao, H., Rasul, K. and Vollgraf, R. (2017). Fashion-MNIST: a novel image dataset for benchmarking machine "
        "learning algorithms. arXiv:1708.07747.",
    ),
    "kmnist": Paper(
        "Data: Kuzushiji-MNIST",
        "Clanuwat, T., Bober-Irizar, M., Kitamoto, A., Lamb, A., Yamamoto, K. and Ha, D. (2018). Deep learning for "
        "classical Japanese literature. arXiv:1812.01718.",
    ),
    "cifar10": Paper(
        "Data: CIFAR-10",
        "Krizhevsky, A. (2009). Learning multiple layers of features from tiny images. Technical report, University of "
        "Toronto.",
    ),
}


def used(
    sweep: Sweep, config: dict[str, Any] | None, sweeper: list[str], *, has_importance: bool, is_confirmed: bool
) -> list[Paper]:
    """Return the papers of what this sweep used: of its methods, from the records, then in the order of the table.

    Args:
        sweep: its records.
        config: the configuration of one trial, for what all trials have in common.
        sweeper: names of the classes that searched and pruned.
        has_importance: whether importance was computed.
        is_confirmed: whether configurations were compared on fresh seeds.
    """
    methods = [method for each in sweep.regularization.values() for method in each.methods.values()]
    names = {*_in_common(config or {}), *sweeper}
    names |= {"proximal"} if any(method.settings.get("solver") == "proximal" for method in methods) else set()
    names |= {"importance", "chance"} if has_importance else set()
    names |= {"sign_flip", "holm"} if is_confirmed else set()
    names |= {"optuna"} if any(name.endswith("Sampler") for name in sweeper) else set()
    references = sorted({tuple(method.reference) for method in methods if len(method.reference) == 2})  # noqa: PLR2004
    of_methods = [Paper(*reference) for reference in references]
    return list(dict.fromkeys([*of_methods, *(PAPERS[name] for name in PAPERS if name in names)]))


def _in_common(config: dict[str, Any]) -> Iterator[str]:
    yield str(_at(config, "optimizer", "name"))
    yield str(_at(config, "dataset", "name"))
    yield str(_at(config, "model", "_target_")).rpartition(".")[2]


def _at(config: dict[str, Any], group: str, key: str) -> Any:
    inner = config.get(group)
    return inner.get(key) if isinstance(inner, dict) else None
