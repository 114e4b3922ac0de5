"""Linear models of forja and its peers, run in turn on the same arrays.

Every task is timed `--repeats` times, each repeat running forja and all peers one after the other; the table shows
medians, by the clock and of all threads, the objective (recomputed from the returned coefficients in double), the ratio
to the best peer, and the floor: a read of x over measured read bandwidth and half of x'x over measured multiply-add peak.
On a machine that does other work as well, only the ratio of the threads' time means something.
"""
import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

# Idle threads of one library must not spin while another one runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("KMP_BLOCKTIME", "0")

import numpy as np
import scipy.special
import sklearn.linear_model
import sklearnex.linear_model

FASHION = Path("/usr/share/datasets/fashion-mnist")

warnings.filterwarnings("ignore", category=sklearn.exceptions.ConvergenceWarning)



def fashion(part="train"):
    """Images as rows of 0 to 1, and their classes."""
    images = np.frombuffer(gzip.decompress((FASHION / f"{part}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((FASHION / f"{part}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return (images.reshape(len(labels), -1) / np.float32(255)).astype(np.float32), labels.astype(np.float32)


def tall():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1_000_000, 100)).astype(np.float32)
    w = rng.normal(size=100) * (rng.random(100) < 0.5)
    return x, (x @ w + rng.normal(size=len(x)) + 3).astype(np.float32)


def wide():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 20_000)).astype(np.float32)
    w = np.zeros(20_000)
    w[:50] = rng.normal(size=50)
    return x, (x @ w + rng.normal(size=len(x))).astype(np.float32)


def two_classes():
    x, y = tall()
    return x, (y > 3).astype(np.float32)


def class_objective(x, y, coefficients, C):
    """Mean log-loss with the penalty, as forja has it, of a margin for two classes or one for each class."""
    total = 0.0
    w = coefficients[:, 1:].T.astype(np.float64)
    for first in range(0, len(x), 65536):
        margins = x[first:first + 65536].astype(np.float64) @ w + coefficients[:, 0]
        if margins.shape[1] == 1:
            margins = np.hstack([np.zeros_like(margins), margins])
        own = margins[np.arange(len(margins)), y[first:first + 65536].astype(int)]
        total += (scipy.special.logsumexp(margins, axis=1) - own).sum()
    return (total + (w ** 2).sum() / (2 * C)) / len(x)


def objective(x, y, coefficients, alpha, kind):
    """Of one model, in double; of classifiers the share of Fashion-MNIST's test rows that it gets wrong."""
    if kind == "sgd":
        x, y = fashion("t10k")
        return float(np.mean((x @ coefficients[:, 1:].T + coefficients[:, 0]).argmax(1) != y))
    coefficients = coefficients[-1]
    total = 0.0
    w = coefficients[1:].astype(np.float64)
    for first in range(0, len(x), 65536):
        residual = y[first:first + 65536] - x[first:first + 65536].astype(np.float64) @ w - coefficients[0]
        total += (residual.astype(np.float64) ** 2).sum()
    if kind == "lasso":
        return total / (2 * len(x)) + alpha * np.abs(w).sum()
    return total + alpha * (w ** 2).sum()


class Worker:
    """The C++ program that runs forja."""

    def __init__(self, program, x, y, folder):
        self.out = folder / "coefficients.bin"
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y)
        self.columns = x.shape[1] + 1
        self.process = subprocess.Popen([program, folder / "x.npy", folder / "y.npy"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"linear_worker ended on: {line}")
        return [float(word) for word in answer]

    def run(self, line):
        seconds, cpu, _, certificate = self.ask(f"{line} out={self.out}")
        return (seconds, cpu), np.fromfile(self.out, np.float32).reshape(-1, self.columns), certificate

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(work):
    """What it returns, and its seconds by the clock and of all threads."""
    start, cpu_start = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - start, time.process_time() - cpu_start)


def fitted(model, x, y):
    _, seconds = timed(lambda: model.fit(x, y))
    return seconds, np.concatenate([np.ravel(model.intercept_), np.ravel(model.coef_)])[None], float("nan")


def fitted_classes(model, x, y):
    _, seconds = timed(lambda: model.fit(x, y))
    return seconds, np.hstack([model.intercept_[:, None], model.coef_]), float("nan")


def runners_of(kind, worker, x, y, alpha):
    if kind == "logistic":
        return {
            # forja's gradient is that of columns scaled to 1 or less: a tenth of tol for the peers' objective.
            "forja": lambda: worker.run("logistic tol=1e-5"),
            "forja lbfgs": lambda: worker.run("logistic tol=1e-5 solver=lbfgs"),
            "scikit-learn": lambda: fitted_classes(sklearn.linear_model.LogisticRegression(), x, y),
            "sklearnex": lambda: fitted_classes(sklearnex.linear_model.LogisticRegression(), x, y),
        }
    if kind == "softmax":
        return {
            "forja": lambda: worker.run("logistic"),
            "scikit-learn": lambda: fitted_classes(sklearn.linear_model.LogisticRegression(), x, y),
            "sklearnex": lambda: fitted_classes(sklearnex.linear_model.LogisticRegression(), x, y),
        }
    if kind == "linear":
        return {
            "forja": lambda: worker.run("linear"),
            "scikit-learn": lambda: fitted(sklearn.linear_model.LinearRegression(), x, y),
            "sklearnex": lambda: fitted(sklearnex.linear_model.LinearRegression(), x, y),
        }
    if kind == "ridge":
        return {
            "forja": lambda: worker.run(f"ridge alpha={alpha}"),
            "scikit-learn": lambda: fitted(sklearn.linear_model.Ridge(alpha), x, y),
            "sklearnex": lambda: fitted(sklearnex.linear_model.Ridge(alpha), x, y),
        }
    if kind == "ridge_cv":
        model = sklearn.linear_model.RidgeCV(alphas=ALPHAS, cv=FOLDS)
        return {
            "forja": lambda: worker.run(f"ridge_cv least={ALPHAS[0]} ratio={ALPHAS[1] / ALPHAS[0]} "
                                        f"alphas={len(ALPHAS)} folds={FOLDS}"),
            "forja, one Ridge": lambda: worker.run("ridge alpha=1"),
            "scikit-learn": lambda: fitted(model, x, y),
        }
    if kind == "lasso":
        return {
            "forja": lambda: worker.run(f"lasso alpha={alpha}"),
            "scikit-learn": lambda: fitted(sklearn.linear_model.Lasso(alpha), x, y),
        }

    if kind == "sgd":
        def scikit_sgd(jobs):
            model = sklearn.linear_model.SGDClassifier(alpha=alpha, max_iter=EPOCHS, tol=None, n_jobs=jobs)
            _, seconds = timed(lambda: model.fit(x, y))
            return seconds, np.concatenate([model.intercept_[:, None], model.coef_], axis=1), float("nan")

        return {
            "forja": lambda: worker.run(f"sgd alpha={alpha} epochs={EPOCHS}"),
            "scikit-learn": lambda: scikit_sgd(None),
            "scikit-learn, all cores": lambda: scikit_sgd(-1),
        }

    def scikit_path():
        (alphas, coefs, _), seconds = timed(
            lambda: sklearn.linear_model.lasso_path(x - x.mean(0), y - y.mean(), n_alphas=alpha))
        intercepts = y.mean() - x.mean(0) @ coefs
        return seconds, np.concatenate([intercepts[None], coefs]).T, alphas[-1]

    return {"forja": lambda: worker.run(f"path alphas={alpha}"), "scikit-learn": scikit_path}


ALPHAS = np.logspace(-3, 2.7, 20)  # to choose from
FOLDS = 5
EPOCHS = 5  # of stochastic descent

TASKS = {
    "linear": ("LinearRegression, 1 M x 100", tall, "linear", 0, 0.5),
    "ridge": ("Ridge alpha 1, 1 M x 100", tall, "ridge", 1.0, 0.5),
    # The objective is the sum of squares. The other target: at most 1.5 times one Ridge.
    "ridge_cv": (f"Ridge, {len(ALPHAS)} alphas x {FOLDS} folds, 1 M x 100", tall, "ridge_cv", 0.0, 0.5),
    "lasso": ("Lasso alpha 0.1, 1 M x 100", tall, "lasso", 0.1, 0.2),
    "logistic": ("LogisticRegression C 1, 1 M x 100, tol 1e-4", two_classes, "logistic", 1.0, 0.4),
    "softmax": ("Softmax, Fashion-MNIST / 255, C 1, 100 iterations", fashion, "softmax", 1.0, 0.25),
    "path": ("Lasso, 100 alphas, 2000 x 20,000", wide, "path", 100, 0.5),
    "sgd": ("SGD hinge, 10 classes one against the rest, Fashion-MNIST, 5 epochs", fashion, "sgd", 1e-4, 0.3),
}


def run_task(program, name, repeats):
    title, make, kind, alpha, target = TASKS[name]
    x, y = make()
    n, d = x.shape
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(program, x, y, Path(folder))
        runners = runners_of(kind, worker, x, y, alpha)
        times = {runner: [] for runner in runners}
        found = {}
        for _ in range(repeats):
            for runner, run in runners.items():
                seconds, *found[runner] = run()
                times[runner].append(seconds)
        bandwidth, peak, *_ = worker.ask("limits")
        worker.close()
    medians = {runner: statistics.median(wall for wall, _ in values) for runner, values in times.items()}
    cpu = {runner: statistics.median(used for _, used in values) for runner, values in times.items()}
    peers = {runner: value for runner, value in medians.items() if not runner.startswith("forja")}
    best = min(peers, key=peers.get)
    print(f"\n{title}")
    for runner, values in times.items():
        coefficients, certificate = found[runner]
        if kind in ("logistic", "softmax"):
            reached = class_objective(x, y, coefficients, alpha)
        elif kind == "path":
            reached = objective(x, y, coefficients, found["scikit-learn"][1], "lasso")
        else:
            reached = objective(x, y, coefficients, alpha, kind)
        walls = [wall for wall, _ in values]
        print(f"  {runner:23s} {medians[runner]:8.3f} s  ({min(walls):.3f} .. {max(walls):.3f}), all threads "
              f"{cpu[runner]:.3f} s  objective {reached:.9g}" + (f"  certificate {certificate:.2g}" if runner == "forja" else ""))
    reads, products = {
        "sgd": (EPOCHS, 2.0 * 10 * EPOCHS * n * d),
        "logistic": (1, 0),
        "softmax": (100, 4.0 * 10 * 100 * n * d),
    }.get(kind, (1, 1.0 * n * d * d))
    print(f"  floor: {reads * n * d * 4 / bandwidth:.3f} s for {reads} reads of x at {bandwidth / 1e9:.1f} GB/s" +
          (f", {products / peak:.3f} s for products at {peak / 1e9:.0f} GFLOP/s" if kind != "path" else ""))
    if "forja, one Ridge" in medians:
        print(f"  forja / one Ridge of its own = {medians['forja'] / medians['forja, one Ridge']:.2f} (target 1.5)")
    thrifty = min(peers, key=lambda runner: cpu[runner])
    print(f"  forja / {best} = {medians['forja'] / medians[best]:.2f} (target {target}); of all threads' time, forja / "
          f"{thrifty} = {cpu['forja'] / cpu[thrifty]:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the built linear_worker")
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated: " + ", ".join(TASKS))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, {os.cpu_count()} cores, {options.repeats} "
          "repeats in turn, medians")
    for name in options.tasks.split(","):
        run_task(options.program, name, options.repeats)


if __name__ == "__main__":
    main()
