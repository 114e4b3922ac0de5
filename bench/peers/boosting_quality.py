"""Errors of gradient boosting, forja's and its peers' at equal settings, paired over seeds.

Each seed draws a quarter of the rows to judge by; all learn from the others: 100 rounds of 31 leaves, rate 0.1, 255 bins, 20
rows a leaf. Log loss, or of numbers the root mean squared error. The table has the mean over seeds of forja's error over a
peer's, less one, and twice that mean's standard error: above 0 by more is worse than the peer by more than noise.
"""
import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, root_mean_squared_error

from boosting import Worker, bent, lightgbm

ROUNDS, LEAVES = 100, 31


def of_scikit_learn(load):
    data = load()
    return data.data.astype(np.float32), data.target, None


def housing(folder):
    """With its category as a number, and its blanks."""
    with open(folder / "tabular" / "housing.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    categories = sorted({row["ocean_proximity"] for row in rows})
    names = [name for name in rows[0] if name not in ("median_house_value", "ocean_proximity")]
    x = [[float(row[name] or "nan") for name in names] + [categories.index(row["ocean_proximity"])] for row in rows]
    return np.array(x, np.float32), np.array([float(row["median_house_value"]) for row in rows]), len(names)


def waves(rows):
    """Numbers of a bent function of ten columns, and noise."""
    rng = np.random.default_rng(1)
    x = rng.random((rows, 10), dtype=np.float32)
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, y + rng.standard_normal(rows), None


DATA = {
    "breast_cancer": lambda _: of_scikit_learn(load_breast_cancer),
    "wine": lambda _: of_scikit_learn(load_wine),
    "diabetes": lambda _: of_scikit_learn(load_diabetes),
    "housing": housing,
    "bent": lambda _: (*bent(40_000)[:2], None),
    "waves": lambda _: waves(20_000),
}


def scikit_learn_error(x, y, train, numbers, category, seed):
    kind = HistGradientBoostingRegressor if numbers else HistGradientBoostingClassifier
    model = kind(max_iter=ROUNDS, max_leaf_nodes=LEAVES, early_stopping=False, random_state=seed,
                 categorical_features=None if category is None else [category])
    model.fit(x[:train], y[:train])
    if numbers:
        return root_mean_squared_error(y[train:], model.predict(x[train:]))
    return log_loss(y[train:], model.predict_proba(x[train:]))


def lightgbm_error(x, y, train, numbers, category, seed, quantised):
    classes = 0 if numbers else int(y.max()) + 1
    options = {"num_leaves": LEAVES, "learning_rate": 0.1, "max_bin": 255, "verbose": -1, "seed": seed,
               "use_quantized_grad": quantised, "objective": "regression" if numbers else "binary"}
    if classes > 2:
        options |= {"objective": "multiclass", "num_class": classes}
    columns = [] if category is None else [category]
    data = lightgbm.Dataset(x[:train], y[:train], categorical_feature=columns, params=options)
    found = lightgbm.train(options, data, ROUNDS).predict(x[train:])
    return root_mean_squared_error(y[train:], found) if numbers else log_loss(y[train:], found)


def errors_of(program, x, y, numbers, category, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    x, y = np.ascontiguousarray(x[order]), y[order].astype(np.float32 if numbers else np.int32)
    train = len(y) - len(y) // 4
    shared = (x, y, train, numbers, category, seed)
    errors = {"scikit-learn": scikit_learn_error(*shared), "LightGBM": lightgbm_error(*shared, quantised=False),
              "LightGBM quantised": lightgbm_error(*shared, quantised=True)}
    with tempfile.TemporaryDirectory() as path:
        worker = Worker(program, x, np.zeros(len(y), np.int32), Path(path))
        np.save(Path(path) / "targets.npy", y)
        for name, exact in {"forja": 0, "forja exact": 1}.items():
            line = (f"quality y={path}/targets.npy numbers={int(numbers)} train={train} rounds={ROUNDS} leaves={LEAVES} "
                    f"seed={seed} exact={exact}")
            _, errors[name] = worker.run(line if category is None else f"{line} category={category}")
        worker.close()
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the built boosting_worker")
    parser.add_argument("--data", type=Path, help="the folder with tabular/housing.csv; without it housing is left out")
    parser.add_argument("--sets", default=",".join(DATA))
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    for name in options.sets.split(","):
        if name == "housing" and options.data is None:
            continue
        x, y, category = DATA[name](options.data)
        numbers = y.dtype.kind == "f"
        found = [errors_of(options.program, x, y, numbers, category, seed) for seed in range(options.seeds)]
        print(f"{name}: {len(y)} x {x.shape[1]}, " + ", ".join(
            f"{of} {np.mean([errors[of] for errors in found]):.6g}" for of in found[0]))
        for own in ("forja", "forja exact"):
            for peer in ("scikit-learn", "LightGBM", "LightGBM quantised"):
                ratio = np.array([errors[own] / errors[peer] - 1 for errors in found])
                print(f"  {own:12s} over {peer:18s} {100 * ratio.mean():+6.2f} % +- "
                      f"{200 * ratio.std(ddof=1) / len(ratio) ** 0.5:.2f}")


if __name__ == "__main__":
    main()
