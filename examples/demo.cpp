// Clusters the 60,000 images of Fashion-MNIST and shows what came out: progress, a table of what each cluster holds, a
// picture of the centroids. Ctrl-C ends the fit between two iterations.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "forja/forja.h"
#include "picture.h"

namespace {

const std::vector<std::string> kClasses = {"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                                           "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Boot"};
constexpr int kSide = 28;

struct Settings {
  std::int64_t clusters = 20;
  std::uint64_t seed = 42;
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string picture = "fashion_centroids.png";
};

constexpr const char* kUsage =
    "forja_demo [--clusters K] [--seed N] [--data FOLDER] [--picture FILE]\n"
    "K: 20 clusters by default; N: 42; FOLDER: of Fashion-MNIST's IDX files, where Debian's dataset-fashion-mnist "
    "puts\n"
    "them by default; FILE: fashion_centroids.png. FORJA_DEVICE=cpu or cuda:0 chooses the device.\n";

template <class Number>
Number number(const std::string& name, const std::string& text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw forja::InvalidArgument("forja_demo: " + name + " = " + text + " is not a number in range");
  }
  return value;
}

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw forja::InvalidArgument("forja_demo: " + name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--clusters") {
      settings.clusters = number<std::int64_t>(name, value);
    } else if (name == "--seed") {
      settings.seed = number<std::uint64_t>(name, value);
    } else if (name == "--data") {
      settings.data = value;
    } else if (name == "--picture") {
      settings.picture = value;
    } else {
      throw forja::InvalidArgument("forja_demo: " + name + " is none of --clusters, --seed, --data, --picture");
    }
  }
  return settings;
}

volatile std::sig_atomic_t interrupted = 0;

/// A line per iteration, and an end where Ctrl-C asks for one.
class PrintProgress : public forja::Observer {
 public:
  bool on_progress(const forja::Progress& progress) override {
    std::printf("  iteration %3lld   inertia %12.1f   %6.2f s\n", static_cast<long long>(progress.iteration),
                progress.loss, progress.seconds);
    return interrupted == 0;
  }
};

/// One line per cluster: its size, and the classes it holds most of.
void print_table(const std::vector<std::int32_t>& clusters, const std::vector<std::int32_t>& classes, std::int64_t k) {
  std::vector<std::vector<int>> counts(static_cast<std::size_t>(k), std::vector<int>(kClasses.size()));
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    ++counts[static_cast<std::size_t>(clusters[i])][static_cast<std::size_t>(classes[i])];
  }
  std::printf("\n  cluster    rows   holds\n");
  for (std::int64_t c = 0; c < k; ++c) {
    const std::vector<int>& held = counts[static_cast<std::size_t>(c)];
    std::vector<std::size_t> order(held.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return held[a] > held[b]; });
    const int rows = std::accumulate(held.begin(), held.end(), 0);
    std::printf("  %7lld %7d  ", static_cast<long long>(c), rows);
    for (std::size_t place = 0; place < 3 && held[order[place]] > 0; ++place) {
      std::printf(" %s %.0f%%", kClasses[order[place]].c_str(), 100.0 * held[order[place]] / rows);
    }
    std::printf("\n");
  }
}

/// The centroids side by side, ten in a line.
Picture draw(const forja::Matrix<float>& centers) {
  const int across = 10;
  const int down = static_cast<int>((centers.rows() + across - 1) / across);
  Picture picture{across * (kSide + 2), down * (kSide + 2), {}};
  picture.pixels.assign(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height), 64);
  for (int c = 0; c < static_cast<int>(centers.rows()); ++c) {
    for (int pixel = 0; pixel < kSide * kSide; ++pixel) {
      const int y = c / across * (kSide + 2) + 1 + pixel / kSide;
      const int x = c % across * (kSide + 2) + 1 + pixel % kSide;
      picture
          .pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(x)] =
          static_cast<std::uint8_t>(std::lround(255 * std::clamp(centers(c, pixel), 0.0F, 1.0F)));
    }
  }
  return picture;
}

void run(const Settings& settings) {
  const forja::Device device = forja::Device::automatic();
  std::printf("forja clusters Fashion-MNIST on %s (%s)\n", device.name().c_str(), device.description().c_str());
  forja::Matrix<float> x = forja::read_idx_images(settings.data + "/train-images-idx3-ubyte.gz");
  const std::vector<std::int32_t> classes = forja::read_idx_labels(settings.data + "/train-labels-idx1-ubyte.gz");
  const auto known = [](std::int32_t label) { return label < std::ssize(kClasses); };
  if (x.columns() != kSide * kSide || std::ssize(classes) != x.rows() || !std::ranges::all_of(classes, known)) {
    throw forja::DataError("forja_demo: " + settings.data + " holds no images of 28 x 28 pixels in ten classes");
  }
  for (float& value : x.values()) value /= 255;
  std::printf("%lld images of %lld pixels, %lld clusters\n\n", static_cast<long long>(x.rows()),
              static_cast<long long>(x.columns()), static_cast<long long>(settings.clusters));

  PrintProgress progress;
  forja::KMeans model({.n_clusters = settings.clusters, .seed = settings.seed}, device);
  const auto start = std::chrono::steady_clock::now();
  const auto before = std::signal(SIGINT, [](int) { interrupted = 1; });
  model.fit(x, {}, &progress);
  std::signal(SIGINT, before);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("\n%s after %lld iterations, %.2f s on %s, inertia %.1f\n",
              model.converged() ? "converged" : "not converged", static_cast<long long>(model.n_iter()), seconds,
              device.name().c_str(), model.inertia());

  print_table(model.labels(), classes, settings.clusters);
  if (!write_png(settings.picture, draw(model.cluster_centers()))) {
    throw forja::DataError("forja_demo: " + settings.picture + " cannot be written");
  }
  std::printf("\nthe centroids: %s\n", settings.picture.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // whoever reads a pipe sees each line at once
  if (std::any_of(argv, argv + argc, [](const char* argument) { return std::string(argument) == "--help"; })) {
    std::printf("%s", kUsage);
    return 0;
  }
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const forja::Cancelled& stopped) {
    std::fprintf(stderr, "%s\n", stopped.what());
    return 130;  // what shells expect after Ctrl-C
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
