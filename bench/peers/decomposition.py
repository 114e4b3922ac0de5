"""Principal components of forja and its peers, run in turn on the same arrays.

Every task is timed `--repeats` times, each repeat running forja and all peers one after the other; the table shows
medians, by the clock and of all threads, the share of variance that was kept, the ratio to the best peer, and the floor:
a read of x over measured read bandwidth and half of the smaller Gram matrix over measured multiply-add peak. On a machine
that does other work as well, only ratios mean something.
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
import sklearn.decomposition
import sklearnex.decomposition

FASHION = Path("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")


def fashion():
    with gzip.open(FASHION) as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255


def decaying(n, d, seed):
    """Independent normal columns whose deviations fall from 1 to 0.05."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d), dtype=np.float32)
    x *= np.geomspace(1, 0.05, d, dtype=np.float32)
    return x


TASKS = {
    "fashion-154": ("Fashion-MNIST, 154 components, covariance", fashion, 154, "covariance_eigh", None, 0.7),
    "fashion-50": ("Fashion-MNIST, 50 components, randomized, 4 power iterations", fashion, 50, "randomized", 4, 0.4),
    "tall": ("1 M x 64, 16 components, covariance", lambda: decaying(1_000_000, 64, 0), 16, "covariance_eigh", None, 0.6),
    "wide": ("1000 x 20,000, 50 components, exact", lambda: decaying(1000, 20_000, 1), 50, "auto", None, 0.2),
}


class Worker:
    """The C++ program that runs forja."""

    def __init__(self, program, x, folder):
        np.save(folder / "x.npy", x)
        self.process = subprocess.Popen([program, folder / "x.npy"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"decomposition_worker ended on: {line}")
        return [float(word) for word in answer]

    def run(self, line):
        seconds, cpu, kept, _ = self.ask(line)
        return (seconds, cpu), kept

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def fitted(model, x):
    start, cpu_start = time.perf_counter(), time.process_time()
    model.fit(x)
    seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return seconds, float(np.sum(model.explained_variance_ratio_, dtype=np.float64))


def runners_of(worker, x, k, solver, power):
    exact = "full" if solver == "auto" else solver
    options = {"n_components": k, "svd_solver": exact, **({"iterated_power": power} if power is not None else {})}
    line = f"pca k={k} solver={solver}" + (f" power={power}" if power is not None else "")
    return {
        "forja": lambda: worker.run(line),
        "scikit-learn": lambda: fitted(sklearn.decomposition.PCA(random_state=0, **options), x),
        "sklearnex": lambda: fitted(sklearnex.decomposition.PCA(random_state=0, **options), x),
    }


def run_task(program, name, repeats):
    title, make, k, solver, power, target = TASKS[name]
    x = make()
    n, d = x.shape
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(program, x, Path(folder))
        runners = runners_of(worker, x, k, solver, power)
        times = {runner: [] for runner in runners}
        kept = {}
        for _ in range(repeats):
            for runner, run in runners.items():
                seconds, kept[runner] = run()
                times[runner].append(seconds)
        bandwidth, peak, *_ = worker.ask("limits")
        worker.close()
    medians = {runner: statistics.median(wall for wall, _ in values) for runner, values in times.items()}
    cpu = {runner: statistics.median(used for _, used in values) for runner, values in times.items()}
    peers = [runner for runner in medians if runner != "forja"]
    best = min(peers, key=medians.get)
    thrifty = min(peers, key=cpu.get)
    print(f"\n{title}")
    for runner, values in times.items():
        walls = [wall for wall, _ in values]
        print(f"  {runner:14s} {medians[runner]:8.3f} s  ({min(walls):.3f} .. {max(walls):.3f}), all threads "
              f"{cpu[runner]:.3f} s  kept {kept[runner]:.6f}")
    print(f"  floor: {n * d * 4 / bandwidth:.3f} s for one read of x at {bandwidth / 1e9:.1f} GB/s, "
          f"{1.0 * n * d * min(n, d) / peak:.3f} s for the smaller Gram matrix at {peak / 1e9:.0f} GFLOP/s")
    print(f"  forja / {best} = {medians['forja'] / medians[best]:.2f} (target {target}); of all threads' time, forja / "
          f"{thrifty} = {cpu['forja'] / cpu[thrifty]:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the built decomposition_worker")
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated: " + ", ".join(TASKS))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, {os.cpu_count()} cores, {options.repeats} "
          "repeats in turn, medians")
    for name in options.tasks.split(","):
        run_task(options.program, name, options.repeats)


if __name__ == "__main__":
    main()
