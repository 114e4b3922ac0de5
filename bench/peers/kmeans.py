"""K-means of forja and its peers, run in turn on the same arrays.

Every task is timed `--repeats` times, each repeat running forja and all peers one after the other; the table shows
medians, the final inertia (recomputed from the returned centres in double; a mean where every repeat has its own seed),
forja's time over the best peer's, and the floor: bytes over measured read bandwidth and operations over measured
multiply-add peak.
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

import faiss
import numpy as np
import sklearn.cluster
import sklearnex.cluster

FASHION = Path("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")
ITERATIONS = 20


def fashion():
    raw = np.frombuffer(gzip.decompress(FASHION.read_bytes()), np.uint8, offset=16)
    return raw.reshape(-1, 784).astype(np.float32) / 255


def million():
    rng = np.random.default_rng(0)
    centers = rng.uniform(-10, 10, (64, 16))
    labels = rng.integers(0, 64, 1_000_000)
    return (centers[labels] + rng.normal(size=(1_000_000, 16))).astype(np.float32)


def normal():
    return np.random.default_rng(1).normal(size=(200_000, 64)).astype(np.float32)


def inertia(x, centers):
    """Sum of squared distances to the nearest centre: found in float, summed in double."""
    total = 0.0
    squares = (centers.astype(np.float64) ** 2).sum(1).astype(np.float32)
    for first in range(0, len(x), 8192):
        block = x[first:first + 8192]
        nearest = (squares - 2 * block @ centers.T).argmin(1)
        total += ((block.astype(np.float64) - centers[nearest]) ** 2).sum()
    return total


class Worker:
    """The C++ program that runs forja."""

    def __init__(self, program, x, folder):
        self.centers = folder / "centers.bin"
        path = folder / "x.npy"
        np.save(path, x)
        self.columns = x.shape[1]
        self.process = subprocess.Popen([program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"kmeans_worker ended on: {line}")
        return [float(word) for word in answer]

    def run(self, line):
        seconds, _ = self.ask(f"{line} centers={self.centers}")
        return seconds, np.fromfile(self.centers, np.float32).reshape(-1, self.columns)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(work):
    start = time.perf_counter()
    centers = work()
    return time.perf_counter() - start, centers


def scikit_fit(module, x, k, algorithm="lloyd"):
    model = module.KMeans(k, init=x[:k].copy(), n_init=1, max_iter=ITERATIONS, tol=0, algorithm=algorithm)
    return timed(lambda: model.fit(x).cluster_centers_)


def faiss_fit(x, k):
    model = faiss.Kmeans(x.shape[1], k, niter=ITERATIONS, max_points_per_centroid=len(x), min_points_per_centroid=1)
    return timed(lambda: (model.train(x, init_centroids=x[:k].copy()), model.centroids)[1])


def fit_runners(worker, x, k):
    return {
        "forja": lambda: worker.run(f"fit k={k} iterations={ITERATIONS} algorithm=auto"),
        "forja lloyd": lambda: worker.run(f"fit k={k} iterations={ITERATIONS} algorithm=lloyd"),
        "scikit-learn": lambda: scikit_fit(sklearn.cluster, x, k),
        "scikit-learn elkan": lambda: scikit_fit(sklearn.cluster, x, k, "elkan"),
        "sklearnex": lambda: scikit_fit(sklearnex.cluster, x, k),
        "faiss": lambda: faiss_fit(x, k),
    }


def seeding_runners(worker, x, k):
    seeds = iter(range(1000))
    return {
        "forja": lambda: worker.run(f"plusplus k={k} seed={next(seeds)}"),
        "scikit-learn": lambda: timed(lambda: sklearn.cluster.kmeans_plusplus(x, k, random_state=next(seeds))[0]),
    }


def batch_runners(worker, x, k, batch=1024):
    seeds = iter(range(1000))

    def scikit():
        model = sklearn.cluster.MiniBatchKMeans(k, init=x[:k].copy(), n_init=1, max_iter=1, batch_size=batch, tol=0,
                                                max_no_improvement=None, random_state=next(seeds))
        return timed(lambda: model.fit(x).cluster_centers_)

    return {
        "forja": lambda: worker.run(f"minibatch k={k} iterations=1 batch={batch} seed={next(seeds)}"),
        "scikit-learn": scikit,
    }


TASKS = {
    "fashion-10": ("Fashion-MNIST / 255, k=10", fashion, 10, fit_runners, 0.45),
    "fashion-100": ("Fashion-MNIST / 255, k=100", fashion, 100, fit_runners, 0.65),
    "million-64": ("1 M x 16 around 64 centres, k=64", million, 64, fit_runners, 0.4),
    "normal-1000": ("200,000 x 64 normal, k=1000", normal, 1000, fit_runners, 0.6),
    "seeding-1000": ("k-means++ on 200,000 x 64, k=1000", normal, 1000, seeding_runners, 0.5),
    "batch-64": ("mini-batches of 1024 on 1 M x 16, k=64, one pass", million, 64, batch_runners, 0.5),
}


def run_task(program, name, repeats):
    title, make, k, make_runners, target = TASKS[name]
    x = make()
    n, d = x.shape
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(program, x, Path(folder))
        runners = make_runners(worker, x, k)
        times = {runner: [] for runner in runners}
        centers = {runner: [] for runner in runners}
        for _ in range(repeats):
            for runner, run in runners.items():
                seconds, found = run()
                times[runner].append(seconds)
                centers[runner].append(found)
        bandwidth, peak = worker.ask("limits")
        worker.close()
    medians = {runner: statistics.median(values) for runner, values in times.items()}
    peers = {runner: value for runner, value in medians.items() if not runner.startswith("forja")}
    best = min(peers, key=peers.get)
    print(f"\n{title}")
    for runner, values in times.items():
        different = centers[runner][:1] if make_runners is fit_runners else centers[runner]
        mean = statistics.mean(inertia(x, found) for found in different)
        print(f"  {runner:20s} {medians[runner]:8.3f} s  ({min(values):.3f} .. {max(values):.3f})"
              f"  inertia {mean:.6g}")
    if make_runners is fit_runners:
        print(f"  a full pass per iteration: {ITERATIONS * n * d * 4 / bandwidth:.3f} s of reading at "
              f"{bandwidth / 1e9:.1f} GB/s, {ITERATIONS * 2.0 * n * d * k / peak:.3f} s of products at "
              f"{peak / 1e9:.0f} GFLOP/s")
    print(f"  forja / {best} = {medians['forja'] / medians[best]:.2f} (target {target})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the built kmeans_worker")
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated: " + ", ".join(TASKS))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, faiss {faiss.__version__}, "
          f"{os.cpu_count()} cores, {options.repeats} repeats in turn, medians")
    for name in options.tasks.split(","):
        run_task(options.program, name, options.repeats)


if __name__ == "__main__":
    main()
