#include <gtest/gtest.h>

#include <set>

#include "cuda_emulation/control.h"
#include "forja/error.h"
#include "tests/seeded_bugs.h"
#include "tests/support.h"

#if defined(__SANITIZE_ADDRESS__)
#define FORJA_WITH_SANITIZERS 1
#else
#define FORJA_WITH_SANITIZERS 0
#endif

namespace forja::emulation::testing {
namespace {

constexpr bool kWithSanitizers = FORJA_WITH_SANITIZERS != 0;

std::vector<SeededBug> all_bugs() {
  std::vector<SeededBug> all = device_bugs();
  for (auto& more : {memory_bugs(), host_bugs()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// What one run of a bug showed.
struct Seen {
  bool right = false;
  bool threw = false;
  bool leaked = false;
  std::vector<Report> reports;
};

Seen run(const SeededBug& bug, const Config& config) {
  const std::int64_t bytes = live_bytes();
  const std::int64_t handles = live_handles();
  reset(config);
  Seen seen;
  try {
    seen.right = bug.run();
  } catch (const DeviceUnavailable&) {
    seen.threw = true;
  } catch (const OutOfMemory&) {
    seen.threw = true;
  }
  seen.reports = reports();
  seen.leaked = live_bytes() != bytes || live_handles() != handles;
  if (seen.leaked) release_everything();
  reset();
  return seen;
}

bool noticed(const SeededBug& bug, const Seen& seen) {
  if (bug.kind.empty()) return seen.leaked || (!seen.right && !seen.threw);
  for (const Report& report : seen.reports) {
    if (report.kind == bug.kind) return true;
  }
  return false;
}

bool noticed_in_some_order(const SeededBug& bug) {
  for (Config config : schedules()) {
    config.watchdog_seconds = 1;
    if (noticed(bug, run(bug, config))) return true;
  }
  return false;
}

bool noticed_by_injection(const SeededBug& bug) {
  (void)run(bug, {});
  reset();
  (void)bug.run();
  const std::int64_t calls = api_calls();
  for (std::int64_t n = 1; n <= calls; ++n) {
    Config config;
    config.fail_at = n;
    if (noticed(bug, run(bug, config))) return true;
  }
  return false;
}

class SeededBugs : public ::testing::TestWithParam<SeededBug> {};

std::vector<SeededBug> with_layer(unsigned layers) {
  std::vector<SeededBug> chosen;
  for (const SeededBug& bug : all_bugs()) {
    // What a sanitizer ends the process for is run under it by its own test only.
    const bool deadly = kWithSanitizers && (bug.layers & kSanitizers) != 0 && (layers & kSanitizers) == 0;
    if ((bug.layers & layers) != 0 && !deadly) chosen.push_back(bug);
  }
  return chosen;
}

std::string name_of_bug(const ::testing::TestParamInfo<SeededBug>& info) { return info.param.name; }

class SeenInSomeOrder : public SeededBugs {};
TEST_P(SeenInSomeOrder, is_noticed) { EXPECT_TRUE(noticed_in_some_order(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Bugs, SeenInSomeOrder, ::testing::ValuesIn(with_layer(kOrders)), name_of_bug);

class SeenByInjection : public SeededBugs {};
TEST_P(SeenByInjection, is_noticed) { EXPECT_TRUE(noticed_by_injection(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Bugs, SeenByInjection, ::testing::ValuesIn(with_layer(kInjection)), name_of_bug);

#if defined(FORJA_EMULATION_SHADOW)
class SeenByShadow : public SeededBugs {};
TEST_P(SeenByShadow, is_noticed) {
  const SeededBug& bug = GetParam();
  const Seen seen = run(bug, {});
  EXPECT_TRUE(noticed(bug, seen)) << seen.reports.size() << " reports";
  for (const Report& report : seen.reports) EXPECT_EQ(report.text.find("unknown line"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(Bugs, SeenByShadow, ::testing::ValuesIn(with_layer(kShadow)), name_of_bug);
#endif

#if FORJA_WITH_SANITIZERS
class SeenBySanitizers : public SeededBugs {};
TEST_P(SeenBySanitizers, ends_the_process) {
  EXPECT_DEATH((void)run(GetParam(), {}), "AddressSanitizer|runtime error");
}
INSTANTIATE_TEST_SUITE_P(Bugs, SeenBySanitizers, ::testing::ValuesIn(with_layer(kSanitizers)), name_of_bug);
#endif

TEST(SeededBugsTable, names_every_bug_once_with_a_layer_that_notices_it) {
  std::set<std::string> names;
  for (const SeededBug& bug : all_bugs()) {
    EXPECT_TRUE(names.insert(bug.name).second) << bug.name;
    EXPECT_NE(bug.layers, 0U) << bug.name;
    EXPECT_TRUE((bug.layers & kShadow) == 0 || !bug.kind.empty()) << bug.name;
  }
  EXPECT_GE(names.size(), 50U);
}

}  // namespace
}  // namespace forja::emulation::testing
