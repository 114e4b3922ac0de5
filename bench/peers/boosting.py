"""Gradient boosting of forja and its peers, run in turn on the same arrays.

Every task is timed `--repeats` times, each repeat running forja and all peers one after the other, binning included; the
table shows medians, by the clock and of all threads, AUC (of ten classes: accuracy) on rows that were not learned from, and
the ratio to the best peer. Floor of a fit: the bins that LightGBM's trees make a learner read and add (all rows of each
tree's root, and of each split the side with fewer rows), a byte and an add each, at one add per cycle and core. On a
machine that does other work as well, only ratios mean something.
"""
import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Idle threads of one library must not spin while another one runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("KMP_BLOCKTIME", "0")

import lightgbm
import numpy as np
import sklearn
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

FASHION = Path("/usr/share/datasets/fashion-mnist")
SMALL_ROWS = 500


def fashion(_):
    def images(part):
        with gzip.open(FASHION / f"{part}-images-idx3-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32)

    def labels(part):
        with gzip.open(FASHION / f"{part}-labels-idx1-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int32)

    return np.vstack([images("train"), images("t10k")]), np.concatenate([labels("train"), labels("t10k")]), 60_000


def bent(rows):
    """Normal rows; above or below the median of a bent function of twelve columns, and noise. A fifth as many more rows
    to judge by."""
    n = rows + rows // 5
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 28), dtype=np.float32)
    value = (x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3] ** 2 / 2 - np.abs(x[:, 4]) + x[:, 5] * (x[:, 6] > 0)
             + 0.3 * x[:, 7:12].sum(axis=1) + rng.standard_normal(n))
    return x, (value > np.median(value)).astype(np.int32), rows


def small(count):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((count * SMALL_ROWS, 10), dtype=np.float32)
    value = x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * rng.standard_normal(len(x))
    return x, (value > 0).astype(np.int32), SMALL_ROWS


# name: title, data, its size, kind of work, rounds, leaves, target
TASKS = {
    "rows": ("{rows} x 28, two classes, 100 trees of 31 leaves", bent, 1_000_000, "fit", 100, 31, 0.5),
    "leaves": ("{rows} x 28, two classes, 100 trees of 255 leaves", bent, 1_000_000, "fit", 100, 255, 0.5),
    "fashion": ("Fashion-MNIST, 10 classes, 20 rounds of 31 leaves", fashion, 60_000, "fit", 20, 31, 0.5),
    "predict": ("predict {rows} x 28 (and a fifth more), 100 trees of 31 leaves", bent, 1_000_000, "predict", 100, 31, 0.5),
    "row": ("predict one row of 28, 500 trees of 255 leaves (microseconds: median, 99 %)", bent, 200_000, "row", 500, 255,
            None),
    "many": ("{rows} fits of 500 x 10, two classes, 100 trees of 31 leaves", small, 50, "many", 100, 31, 0.5),
}


class Worker:
    """The C++ program that runs forja, and peers' predictions of single rows."""

    def __init__(self, program, x, y, folder):
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y)
        self.process = subprocess.Popen([program, folder / "x.npy", folder / "y.npy"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"boosting_worker ended on: {line}")
        return [float(word) for word in answer]

    def run(self, line):
        seconds, cpu, figure = self.ask(line)
        return (seconds, cpu), figure

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(work):
    start, cpu_start = time.perf_counter(), time.process_time()
    result = work()
    return (time.perf_counter() - start, time.process_time() - cpu_start), result


class SklearnPeer:
    def __init__(self, rounds, leaves, classes):
        self.options = dict(max_iter=rounds, max_leaf_nodes=leaves, early_stopping=False)

    def fit(self, x, y):
        return HistGradientBoostingClassifier(**self.options).fit(x, y)

    def scores(self, model, x):
        return model.predict_proba(x) if len(model.classes_) > 2 else model.decision_function(x)


class LightGBMPeer:
    def __init__(self, rounds, leaves, classes, quantised=False, threads=os.cpu_count()):
        self.rounds = rounds
        self.options = {"num_leaves": leaves, "learning_rate": 0.1, "max_bin": 255, "verbose": -1,
                        "num_threads": threads, "use_quantized_grad": quantised}
        self.options |= {"objective": "multiclass", "num_class": classes} if classes > 2 else {"objective": "binary"}

    def fit(self, x, y):
        return lightgbm.train(self.options, lightgbm.Dataset(x, y, params=self.options), self.rounds)

    def scores(self, model, x):
        return model.predict(x, raw_score=True)


class XGBoostPeer:
    """Without penalties, which the others do not have by default either."""

    def __init__(self, rounds, leaves, classes):
        self.rounds = rounds
        self.options = {"tree_method": "hist", "grow_policy": "lossguide", "max_leaves": leaves, "max_depth": 0,
                        "max_bin": 255, "eta": 0.1, "lambda": 0, "min_child_weight": 1e-3, "nthread": os.cpu_count()}
        self.options |= ({"objective": "multi:softprob", "num_class": classes} if classes > 2
                         else {"objective": "binary:logistic"})

    def fit(self, x, y):
        return xgboost.train(self.options, xgboost.QuantileDMatrix(x, y, max_bin=255), self.rounds)

    def scores(self, model, x):
        return model.inplace_predict(x, predict_type="margin")


def peers_of(rounds, leaves, classes):
    return {"scikit-learn": SklearnPeer(rounds, leaves, classes), "LightGBM": LightGBMPeer(rounds, leaves, classes),
            "quantised": LightGBMPeer(rounds, leaves, classes, quantised=True),
            "XGBoost": XGBoostPeer(rounds, leaves, classes)}


def figure_of(scores, y):
    if scores.ndim > 1:
        return float(np.mean(np.argmax(scores, axis=1) == y))
    return float(roc_auc_score(y, scores))


def fit_by(peer, x, y, train):
    seconds, model = timed(lambda: peer.fit(x[:train], y[:train]))
    return seconds, figure_of(peer.scores(model, x[train:]), y[train:])


def many_by(peer, x, y, rows):
    def fits():
        for first in range(0, len(x), rows):
            model = peer.fit(x[first:first + rows], y[first:first + rows])
        return model
    seconds, model = timed(fits)
    return seconds, figure_of(peer.scores(model, x), y)


def predict_by(peer, model, x, y, train):
    seconds, scores = timed(lambda: peer.scores(model, x))
    return seconds, figure_of(scores[train:], y[train:])


def work_of(booster):
    """Rows that are added into histograms, and nodes that rows pass, in all trees."""
    added = passed = 0
    for tree in booster.dump_model()["tree_info"]:
        open_nodes = [tree["tree_structure"]]
        added += open_nodes[0].get("internal_count", 0)
        while open_nodes:
            node = open_nodes.pop()
            if "left_child" not in node:
                continue
            children = [node["left_child"], node["right_child"]]
            added += min(child.get("internal_count", child.get("leaf_count", 0)) for child in children)
            passed += node["internal_count"]
            open_nodes += children
    return added, passed


def row_runners(worker, size, rounds, leaves, x, y, train, folder):
    models = {}
    for name in ("LightGBM", "XGBoost"):
        models[name] = peers_of(rounds, leaves, 2)[name].fit(x[:train], y[:train])
    models["LightGBM"].save_model(folder / "lightgbm.txt")
    models["XGBoost"].save_model(folder / "xgboost.ubj")
    lightgbm_library = Path(lightgbm.__file__).parent / "lib/lib_lightgbm.so"
    xgboost_library = Path(xgboost.__file__).parent / "lib/libxgboost.so"
    return {"forja": lambda: worker.run(f"row {size}"),
            "LightGBM": lambda: worker.run(f"lightgbm_row library={lightgbm_library} model={folder}/lightgbm.txt"),
            "XGBoost": lambda: worker.run(f"xgboost_row library={xgboost_library} model={folder}/xgboost.ubj")}


def runners_of(worker, kind, size, rounds, leaves, x, y, train, without):
    classes = int(y.max()) + 1
    peers = {name: peer for name, peer in peers_of(rounds, leaves, classes).items() if name not in without}
    if kind == "many" and "LightGBM" in peers:
        # Small fits may be faster without company.
        peers["LightGBM, 1 thread"] = LightGBMPeer(rounds, leaves, classes, threads=1)
    runners = {"forja": lambda: worker.run(f"{kind} {size}")}
    for name, peer in peers.items():
        if kind == "fit":
            runners[name] = lambda peer=peer: fit_by(peer, x, y, train)
        elif kind == "many":
            runners[name] = lambda peer=peer: many_by(peer, x, y, train)
        elif name != "quantised":
            model = peer.fit(x[:train], y[:train])
            runners[name] = lambda peer=peer, model=model: predict_by(peer, model, x, y, train)
    return runners


def print_floor(worker, kind, rounds, leaves, x, y, train, seconds):
    cycles, bandwidth = worker.ask("limits")
    reference = LightGBMPeer(rounds, leaves, int(y.max()) + 1)
    fits = len(x) // train if kind == "many" else 1
    added, passed = work_of(reference.fit(x[:train], y[:train]))
    if kind == "predict":
        steps = passed * len(x) / train
        print(f"  floor: {steps / cycles:.3f} s for {steps:.3g} nodes passed at {cycles / 1e9:.1f} G a second; forja: "
              f"{steps / seconds:.3g} a second; rows read in {x.nbytes / bandwidth:.3f} s")
        return
    adds = float(added) * x.shape[1] * fits
    print(f"  floor: {adds / cycles:.3f} s for {adds:.3g} adds at {cycles / 1e9:.1f} G a second, {adds / bandwidth:.3f} s "
          f"for as many bytes; forja: {adds / seconds:.3g} adds a second; {train * x.shape[1] / 1e6:.3g} MB of bins")


def print_rows(times):
    for name, values in times.items():
        median, ninety_nine = (1e6 * statistics.median(column) for column in zip(*values))
        print(f"  {name:18s} {median:8.3f} us, {ninety_nine:.3f}")


def print_table(times, figures, target):
    medians = {name: statistics.median(wall for wall, _ in values) for name, values in times.items()}
    cpu = {name: statistics.median(used for _, used in values) for name, values in times.items()}
    for name, values in times.items():
        walls = [wall for wall, _ in values]
        print(f"  {name:18s} {medians[name]:8.3f} s  ({min(walls):.3f} .. {max(walls):.3f}), all threads {cpu[name]:.3f} s  "
              f"figure {figures[name]:.4f}")
    peers = [name for name in medians if name != "forja"]
    if peers:
        best, thrifty = min(peers, key=medians.get), min(peers, key=cpu.get)
        print(f"  forja / {best} = {medians['forja'] / medians[best]:.2f} (target {target}); of all threads' time, forja / "
              f"{thrifty} = {cpu['forja'] / cpu[thrifty]:.2f}")
    return medians["forja"]


def run_task(program, name, repeats, rows, without):
    title, make, default_rows, kind, rounds, leaves, target = TASKS[name]
    x, y, train = make(rows or default_rows)
    size = f"train={train} rounds={rounds} leaves={leaves}"
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        worker = Worker(program, x, y, folder)
        if kind == "row":
            runners = row_runners(worker, size, rounds, leaves, x, y, train, folder)
        else:
            runners = runners_of(worker, kind, size, rounds, leaves, x, y, train, without)
        times = {runner: [] for runner in runners}
        figures = {}
        for _ in range(repeats):
            for runner, run in runners.items():
                seconds, figures[runner] = run()
                times[runner].append(seconds)
        print(f"\n{title.format(rows=rows or default_rows)}")
        if kind == "row":
            print_rows(times)
        else:
            seconds = print_table(times, figures, target)
            print_floor(worker, kind, rounds, leaves, x, y, train, seconds)
        sys.stdout.flush()
        worker.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the built boosting_worker")
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated: " + ", ".join(TASKS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, help="rows (of many: fits) instead of the tasks' own; not of fashion")
    parser.add_argument("--without", default="", help="peers left out: scikit-learn, LightGBM, quantised, XGBoost")
    options = parser.parse_args()
    print(f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, LightGBM {lightgbm.__version__}, XGBoost "
          f"{xgboost.__version__}, {os.cpu_count()} cores, {options.repeats} repeats in turn, medians")
    for name in options.tasks.split(","):
        run_task(options.program, name, options.repeats, options.rows, options.without.split(","))


if __name__ == "__main__":
    main()
