"""Kernel machines of forja and its peers, run in turn on the same arrays.

Every task is timed `--repeats` times, each repeat running forja and all peers one after the other; the table shows
medians, by the clock and of all threads, accuracy (of repeated small fits: the steps), support vectors (of a grid search:
the best cell), the ratio to the best peer, and the floor: the kernel values of all training rows, or of all pairs that a
prediction needs, at the measured multiply-add peak. On a machine that does other work as well, only ratios mean
something.
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

import numpy as np
import sklearn.svm
import sklearnex.svm
from sklearn.model_selection import GridSearchCV

FASHION = Path("/usr/share/datasets/fashion-mnist")


def fashion():
    with gzip.open(FASHION / "train-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255
    with gzip.open(FASHION / "train-labels-idx1-ubyte.gz") as file:
        return x, np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int32)


def bent(n, d, seed):
    """Normal rows; above or below the median of a bent function of twelve columns, and noise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d), dtype=np.float32)
    value = (x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3] ** 2 / 2 - np.abs(x[:, 4]) + x[:, 5] * (x[:, 6] > 0)
             + 0.3 * x[:, 7:12].sum(axis=1) + rng.standard_normal(n))
    return x, (value > np.median(value)).astype(np.int32)


def small(count, rows):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((count * rows, 10), dtype=np.float32)
    value = x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * rng.standard_normal(count * rows)
    return x, (value > 0).astype(np.int32)


# name: title, data, kind of work, rows to train on, C, gamma, target
TASKS = {
    "fashion": ("first 10,000 of Fashion-MNIST / 255, 10 classes, RBF C=10 gamma=0.02", fashion, "fit", 10_000, 10, 0.02,
                0.5),
    "bent": ("40,000 x 28, two classes, RBF C=1 gamma=1/28", lambda: bent(50_000, 28, 0), "fit", 40_000, 1, 1 / 28, 0.6),
    "many": ("200 fits on 300 x 10, RBF C=1 gamma=0.1", lambda: small(200, 300), "many", 300, 1, 0.1, 1.0),
    "grid": ("5 C x 5 gamma x 5 folds of the first 5,000 of those rows, and the best machine of all of them",
             lambda: bent(50_000, 28, 0), "grid", 5_000, (0.1, 1, 10, 100, 1000), (0.001, 0.003, 0.01, 0.03, 0.1), 0.4),
    "predict": ("60,000 images by the first machine", fashion, "predict", 10_000, 10, 0.02, 0.5),
}


class Worker:
    """The C++ program that runs forja."""

    def __init__(self, program, x, y, folder):
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y)
        self.process = subprocess.Popen([program, folder / "x.npy", folder / "y.npy"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"svm_worker ended on: {line}")
        return [float(word) for word in answer]

    def run(self, line):
        seconds, cpu, figure, support = self.ask(line)
        return (seconds, cpu), figure, support

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def children_seconds():
    """Processor time of the processes that this one started."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended since
            continue
        if int(fields[1]) == os.getpid():
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(work):
    start, cpu_start = time.perf_counter(), time.process_time() + children_seconds()
    result = work()
    return (time.perf_counter() - start, time.process_time() + children_seconds() - cpu_start), result


def by_peer(module, kind, x, y, rows, C, gamma, jobs=1):
    def machine():
        return module.SVC(C=C, gamma=gamma, cache_size=2000)

    if kind == "grid":
        search = GridSearchCV(module.SVC(cache_size=2000), {"C": list(C), "gamma": list(gamma)}, cv=5)
        # Processes are started, and read their modules, before the clock is.
        search.set_params(n_jobs=jobs, refit=False).fit(x[:200], y[:200])
        seconds, _ = timed(lambda: search.set_params(refit=True).fit(x[:rows], y[:rows]))
        return seconds, search.best_score_, search.best_index_
    if kind == "many":
        def fits():
            models = [machine().fit(x[first:first + rows], y[first:first + rows]) for first in range(0, len(x), rows)]
            return sum(int(np.sum(model.n_iter_)) for model in models), sum(len(model.support_) for model in models)
        seconds, (figure, support) = timed(fits)
        return seconds, figure, support
    model = machine()
    seconds, _ = timed(lambda: model.fit(x[:rows], y[:rows]))
    if kind == "fit":
        return seconds, model.score(x[rows:], y[rows:]), len(model.support_)
    seconds, labels = timed(lambda: model.predict(x))
    return seconds, float(np.mean(labels == y)), len(model.support_)


def run_task(program, name, repeats, slow):
    title, make, kind, rows, C, gamma, target = TASKS[name]
    x, y = make()
    d = x.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(program, x, y, Path(folder))
        size = f"rows={rows}" if kind == "many" else f"train={rows}"
        if kind == "grid":
            size += " C={} gamma={}".format(*(",".join(map(str, values)) for values in (C, gamma)))
        else:
            size += f" C={C} gamma={gamma}"
        runners = {"forja": lambda: worker.run(f"{kind} {size}")}
        if slow or name == "many":
            # libsvm has one thread for each fit, sklearnex as many as its process may use.
            runners["libsvm"] = lambda: by_peer(sklearn.svm, kind, x, y, rows, C, gamma, os.cpu_count())
        runners["sklearnex"] = lambda: by_peer(sklearnex.svm, kind, x, y, rows, C, gamma)
        if kind == "grid":
            runners["sklearnex, fits side by side"] = lambda: by_peer(sklearnex.svm, kind, x, y, rows, C, gamma,
                                                                      os.cpu_count())
        times = {runner: [] for runner in runners}
        found = {}
        for _ in range(repeats):
            for runner, run in runners.items():
                seconds, *found[runner] = run()
                times[runner].append(seconds)
        _, peak, *_ = worker.ask("limits")
        worker.close()
    medians = {runner: statistics.median(wall for wall, _ in values) for runner, values in times.items()}
    cpu = {runner: statistics.median(used for _, used in values) for runner, values in times.items()}
    peers = [runner for runner in medians if runner != "forja"]
    best = min(peers, key=medians.get)
    if kind == "grid" and len({support for _, support in found.values()}) > 1:
        cells = ", ".join(f"{runner} {figure:.5g} in cell {cell:.0f}" for runner, (figure, cell) in found.items())
        print(f"  the best cells differ: {cells}")
    thrifty = min(peers, key=cpu.get)
    pairs = {"many": len(x) * rows, "fit": rows * rows, "predict": len(x) * found["forja"][1],
             "grid": rows * rows * len(gamma) if kind == "grid" else 0}[kind]
    counted = "the number of the best cell" if kind == "grid" else "support vectors"
    print(f"\n{title}")
    for runner, values in times.items():
        walls = [wall for wall, _ in values]
        figure, support = found[runner]
        print(f"  {runner:29s} {medians[runner]:8.3f} s  ({min(walls):.3f} .. {max(walls):.3f}), all threads "
              f"{cpu[runner]:.3f} s  figure {figure:.5g}, {support:.0f} {counted}")
    print(f"  floor: {2.0 * pairs * d / peak:.3f} s for {pairs:.3g} kernel values at {peak / 1e9:.0f} GFLOP/s")
    print(f"  forja / {best} = {medians['forja'] / medians[best]:.2f} (target {target}); of all threads' time, forja / "
          f"{thrifty} = {cpu['forja'] / cpu[thrifty]:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the built svm_worker")
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated: " + ", ".join(TASKS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--without-libsvm", action="store_true", help="libsvm takes minutes on the larger tasks")
    options = parser.parse_args()
    print(f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, {os.cpu_count()} cores, {options.repeats} "
          "repeats in turn, medians")
    for name in options.tasks.split(","):
        run_task(options.program, name, options.repeats, not options.without_libsvm)


if __name__ == "__main__":
    main()
